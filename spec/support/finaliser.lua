-- Garbage that tells of its end, on every Lua.

---@param f fun() called when what comes back is collected
---@return table|userdata
return function(f)
  if _VERSION ~= "Lua 5.1" then return setmetatable({}, { __gc = f }) end
  local proxy = newproxy(true) -- luacheck: ignore newproxy
  getmetatable(proxy).__gc = f
  return proxy
end
