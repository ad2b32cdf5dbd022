-- A server that has to be told its port, at a free one. Between the look for it and the server's own
-- bind anybody on the machine may take that port; it is started at another one then.

local free_ports = require "spec.support.free_ports"

local TRIES = 5

---@generic T
---@param start fun(port: integer): T raises what the server said, where it doesn't start
---@return T
return function(start)
  local said
  for _ = 1, TRIES do
    local started, result = pcall(start, (free_ports()))
    if started then return result end
    said = tostring(result)
    if not said:find("Address already in use", 1, true) then break end
  end
  error(said, 0)
end
