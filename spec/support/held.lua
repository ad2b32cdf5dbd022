-- A transport whose requests wait until the spec answers them.

local service = require "spec.support.service"

---@class spec.support.Held requests in flight, in the order in which they left
local Held = {}
Held.__index = Held

---Answers all of them, the latest first: every phone is deleted.
function Held:answer_all()
  for i = #self, 1, -1 do
    local request = table.remove(self, i)
    request:answer(service.success(request))
  end
end

---@param more table|nil further options
---@return table options, spec.support.Held requests
return function(more)
  local requests = setmetatable({}, Held)
  local options = service.options(function(request) requests[#requests + 1] = request end, more)
  return options, requests
end
