-- Names: which of those that there are was meant by one that there isn't.

local core = require "geelark.core"

---@param name any
---@param known table<any, any> by name; other keys count for nothing
---@return string
return function(name, known)
  local best, least
  for other in pairs(known) do
    local distance = type(other) == "string" and core.distance(other, tostring(name):sub(1, 64))
    if distance and (not least or distance < least or distance == least and other < best) then
      best, least = other, distance
    end
  end
  return best
end
