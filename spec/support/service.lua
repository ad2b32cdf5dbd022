-- A service in memory for specs: a transport that answers, a virtual clock, and what it saw.

local phones = require "geelark.simulator.phones"

local service = {}

---@return string an envelope; `failures` are entries of failDetails as JSON
function service.envelope(code, total, failures, failed)
  failed = failed or #failures
  return ('{"code":%s,"msg":"msg","traceId":"t","data":{"totalAmount":%d,"successAmount":%d,'
    .. '"failAmount":%d,"failDetails":[%s]}}'):format(code, total, total - failed, failed,
    table.concat(failures, ","))
end

function service.failure(id, code, msg)
  return ('{"code":%d,"id":"%s","msg":"%s"}'):format(code, id, msg or "msg")
end

--- All of it deleted.
function service.success(request)
  return 200, service.envelope(0, #request.ids, {})
end

function service.code(code)
  return 200, ('{"code":%d,"msg":"said so","traceId":"t"}'):format(code)
end

--- So many ids like the service's.
service.ids = phones.ids

--- Options with a transport and a clock of their own. `answers` is what comes back in turn: a
--- function(request, n) or an array of such or of { status, body, headers }; the last goes on.
---@return table options, table log of requests with the time at which each came
function service.options(answers, more)
  local log, now = {}, 0
  local options = {
    token = "token-of-the-spec",
    clock = {
      now = function() return now end,
      sleep = function(seconds) now = now + seconds end,
      seed = 1,
    },
    transport = function(request)
      log[#log + 1] = { at = now, ids = request.ids, headers = request.headers,
        traceId = request.traceId, body = request.body, path = request.path }
      local answer = answers
      if type(answers) == "table" then answer = answers[math.min(#log, #answers)] end
      if type(answer) == "function" then return answer(request, #log) end
      return answer[1], answer[2], answer[3]
    end,
  }
  for name, value in pairs(more or {}) do options[name] = value end
  log.now = function() return now end
  log.advance = function(seconds) now = now + seconds end
  return options, log
end

return service
