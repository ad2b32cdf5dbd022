-- A clock for a server in another process that stands still until a spec sets it: the time of day
-- that the server is told is what stands in a file (see set_clock.c).

local shell = require "spec.support.shell"

local OBJECT = "build/set_clock.so"

---@class spec.support.SetClock
---@field environment string for the shell
---@field set fun(seconds: number)

---@param file string its name; its folder is there
---@param seconds number since the epoch
---@return spec.support.SetClock
return function(file, seconds)
  shell.run("mkdir -p build && cc -shared -fPIC -O1 -D_GNU_SOURCE -o %s.new "
    .. "spec/support/set_clock.c && mv %s.new %s", OBJECT, OBJECT, OBJECT)
  local function set(to)
    local handle = assert(io.open(file, "w"))
    handle:write(("%.9f"):format(to))
    handle:close()
  end
  set(seconds)
  return { set = set, environment = ("LD_PRELOAD=%s SET_CLOCK=%s"):format(
    shell.quote(shell.output "pwd" .. "/" .. OBJECT), shell.quote(file)) }
end
