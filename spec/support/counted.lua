-- How much of a quota requests took, by when each was sent and answered.

local counted = {}

---@class spec.support.Counted
---@field sent number seconds
---@field answered number seconds

--- The most that a service can count in a window of so many seconds: it counts each somewhere between
--- its sending and its answer.
---@param requests spec.support.Counted[]
---@param seconds number
---@return integer
function counted.most_in(requests, seconds)
  local most = 0
  for _, first in ipairs(requests) do
    local count = 0
    for _, other in ipairs(requests) do
      if other.answered >= first.answered and other.sent < first.answered + seconds then
        count = count + 1
      end
    end
    most = math.max(most, count)
  end
  return most
end

--- The most that were in flight at once.
---@param requests spec.support.Counted[]
---@return integer
function counted.most_in_flight(requests)
  local most = 0
  for _, one in ipairs(requests) do
    local count = 0
    for _, other in ipairs(requests) do
      if other.sent <= one.sent and other.answered > one.sent then count = count + 1 end
    end
    most = math.max(most, count)
  end
  return most
end

return counted
