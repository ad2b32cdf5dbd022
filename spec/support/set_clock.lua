-- A clock for a server in another process that stands still until a spec sets it: the time of day
-- that the server is told is what stands in a file (see set_clock.c).

local shell = require "spec.support.shell"

local folder = "build/spec/" .. shell.lua_name() -- other Luas' specs may run at the same time
local object = folder .. "/set_clock.so"
local compiled

---@class spec.support.SetClock
---@field environment string for the shell
---@field set fun(seconds: number)

---@param file string its name; its folder is there
---@param seconds number since the epoch
---@return spec.support.SetClock
return function(file, seconds)
  if not compiled then
    shell.run("mkdir -p %s && cc -shared -fPIC -O1 -D_GNU_SOURCE -o %s.$$ spec/support/set_clock.c"
      .. " && mv %s.$$ %s", folder, object, object, object)
    compiled = true
  end
  local function set(to)
    local handle = assert(io.open(file, "w"))
    handle:write(("%.9f"):format(to))
    handle:close()
  end
  set(seconds)
  return { set = set, environment = ("LD_PRELOAD=%s SET_CLOCK=%s"):format(
    shell.quote(shell.output "pwd" .. "/" .. object), shell.quote(file)) }
end
