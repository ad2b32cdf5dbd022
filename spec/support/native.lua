-- Small helpers of the specs that have to be written in C: spec/support/NAME.c, compiled for
-- the Lua that runs, into build/.

local loaded = {}

local function run(command)
  local status = os.execute(command)
  assert(status == true or status == 0, "failed: " .. command)
end

---@param name string
---@return function
return function(name)
  if not loaded[name] then
    local lua = rawget(_G, "jit") and "luajit" or "lua" .. _VERSION:match "%d%.%d"
    local object = ("build/%s/spec_%s.so"):format(lua, name)
    run("mkdir -p build/" .. lua)
    run(("cc -shared -fPIC -O1 -D_GNU_SOURCE $(pkg-config --cflags %s) -o %s spec/support/%s.c")
      :format(lua, object, name))
    loaded[name] = assert(package.loadlib(object, "luaopen_" .. name))()
  end
  return loaded[name]
end
