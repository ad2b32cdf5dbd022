-- Loopback ports that nobody listens at.

local socket = require "socket" -- Debian: lua-socket

---@param amount integer|nil default 1
---@return integer ... ports, all different
return function(amount)
  local listeners, ports = {}, {}
  for i = 1, amount or 1 do
    listeners[i] = assert(socket.bind("127.0.0.1", 0))
    ports[i] = select(2, listeners[i]:getsockname())
  end
  for _, listener in ipairs(listeners) do listener:close() end
  return (table.unpack or unpack)(ports) -- luacheck: ignore unpack
end
