-- The loop that a user writes who has an HTTP client and lua-cjson: everything that a
-- delete needs but retries and the account of every id.

local json = require "cjson"
local workload = require "spec.bench.clients.workload"

local random = math.random

local function trace_id()
  return ("%08x-%04x-4%03x-%04x-%06x%06x"):format(
    random(0, 0x7fffffff), random(0, 0xffff), random(0, 0xfff),
    random(0x8000, 0xbfff), random(0, 0xffffff), random(0, 0xffffff))
end

--- Deletes the workload's ids through `post(url, headers, body)`, which returns the
--- answer's body; `headers` maps names to values.
return function(post)
  local url = workload.url .. "/open/v1/phone/delete"
  local successes, failures = 0, {}
  for first = 1, #workload.ids, workload.chunk do
    local chunk = {}
    for i = 1, workload.chunk do chunk[i] = workload.ids[first + i - 1] end
    local answer = json.decode(post(url, {
      ["Content-Type"] = "application/json",
      ["Authorization"] = "Bearer token-of-the-bench",
      ["traceId"] = trace_id(),
    }, json.encode { ids = chunk }))
    assert(answer.data, answer.msg)
    successes = successes + answer.data.successAmount
    for _, failure in ipairs(answer.data.failDetails) do
      failures[#failures + 1] = failure
    end
  end
  workload.check(successes, failures)
end
