-- Calls a function that may yield to cqueues, and catches its error: pcall can't, in Lua 5.1.

local auxlib = require "cqueues.auxlib"

---@param run function
---@return boolean ok
---@return string|nil why with a traceback
return function(run)
  local thread = coroutine.create(run)
  local ok, why = auxlib.resume(thread)
  if ok then return true end
  return false, debug.traceback(thread, tostring(why))
end
