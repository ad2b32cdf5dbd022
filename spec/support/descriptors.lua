-- How many descriptors this process has open. Not through a pipe of our own: its far end may
-- still be open here while the other process is counting.

local shell = require "spec.support.shell"

---@return integer
return function()
  local path = os.tmpname()
  os.execute("ls /proc/$PPID/fd | wc -l >" .. shell.quote(path))
  local file = assert(io.open(path))
  local count = file:read "*n"
  file:close()
  os.remove(path)
  return count
end
