-- Small helpers of the specs that have to be written in C: spec/support/NAME.c, compiled for
-- the Lua that runs, into build/spec/. It gets its name when it is whole: other specs of that Lua may
-- be loading it. Not beside the core, which specs of all Luas copy with its folder.

local shell = require "spec.support.shell"

local loaded = {}

---@param name string
---@param needed string|nil a library that it needs, as pkg-config knows it
---@return function
return function(name, needed)
  if not loaded[name] then
    local lua = shell.lua_name()
    local object = ("build/spec/%s/%s.so"):format(lua, name)
    shell.run("mkdir -p build/spec/" .. lua)
    local libraries = needed and ("$(pkg-config --cflags --libs %s)"):format(needed) or ""
    shell.run(("cc -shared -fPIC -O1 -D_GNU_SOURCE $(pkg-config --cflags %s) -o %s.$$ "
      .. "spec/support/%s.c %s && mv %s.$$ %s")
      :format(lua, object, name, libraries, object, object))
    loaded[name] = assert(package.loadlib(object, "luaopen_" .. name))()
  end
  return loaded[name]
end
