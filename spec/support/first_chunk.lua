-- Deletes four ids in two requests, one at a time; the first request meets `answer` always.

local geelark = require "geelark"
local service = require "spec.support.service"

---@param answer table|function { status, body, headers }, or what a transport is
---@param more table|nil options
---@return table|nil result, table|nil err, table log
return function(answer, more)
  local options, log = service.options(function(request, n)
    if request.ids[1] ~= "a1" then return service.success(request) end
    if type(answer) == "function" then return answer(request, n) end
    return answer[1], answer[2], answer[3]
  end, { chunk_size = 2, concurrency = 1 })
  for name, value in pairs(more or {}) do options[name] = value end
  local result, err = geelark.delete({ "a1", "b1", "c1", "d1" }, options)
  return result, err, log
end
