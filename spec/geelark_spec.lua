-- What stands in lua/geelark.lua itself: the core is found or missed, a driver's name is wrong.

local geelark = require "geelark"
local shell = require "spec.support.shell"
local temporary = require "spec.support.temporary"

describe("a driver that there is none of", function()
  for wrong, right in pairs { xyz = "luv", cqeues = "cqueues", uv = "luv", nginx = "ngx",
    neovim = "nvim", start = "luv" } do
    it("raises and suggests the nearest: " .. wrong, function()
      assert.has_error(function() return geelark.loop[wrong] end,
        ("geelark.loop.%s: there is none, did you mean geelark.loop.%s?"):format(wrong, right))
    end)
  end
end)

describe("a limiter that there is none of", function()
  for wrong, right in pairs { sqlite3 = "sqlite", reddis = "redis", shared = "redis",
    rules = "redis" } do
    it("raises and suggests the nearest: " .. wrong, function()
      assert.has_error(function() return geelark.limiter[wrong] end,
        ("geelark.limiter.%s: there is none, did you mean geelark.limiter.%s?")
          :format(wrong, right))
    end)
  end
end)

it("a core says for which Lua it was built", function()
  assert.equal("geelark.core for " .. _VERSION, require("geelark.core").built_for)
end)

-- Where Lua doesn't know what a function was called by, it looks through all modules, in no order.
it("an argument error names a function of geelark, not of the core", function()
  local named = package.loaded.geelark
  package.loaded.geelark = nil
  local _, why = pcall(geelark.check, { "" })
  package.loaded.geelark = named
  assert.matches("^bad argument #1 to '%?' ", why)
  _, why = pcall(geelark.check, { "" })
  assert.is_truthy(why:find "'geelark.check'" or why:find "'%?'")
  assert.equal(geelark.check, require("geelark.core").check)
end)

it("every module loads where globals have to be declared, but those of an editor or a server",
  function()
    local said = shell.output(shell.run_lua [[
      require "luv" -- which reads a global of its own
      require "spec.support.strict"
      local loaded = 0
      for file in io.popen "cd lua && find geelark* -name '*.lua'":lines() do
        if not file:find "nvim" and not file:find "ngx" and file ~= "geelark/health.lua" then
          require((file:gsub("%.lua$", ""):gsub("/", ".")))
          loaded = loaded + 1
        end
      end
      print(loaded > 40)
    ]] .. " 2>&1")
    assert.equal("true", said)
  end)

it("what is loaded without memory is whole when it is loaded again", function()
  assert.equal("false\nfunction", shell.output(shell.run_lua [[
    local set = setmetatable
    require "geelark.core"
    function setmetatable() error "not enough memory" end
    for _, name in ipairs { "codes", "failures", "journal" } do
      package.loaded["geelark." .. name] = {}
    end
    print((pcall(require, "geelark")))
    setmetatable, package.loaded.geelark = set, nil
    print(type(require("geelark").start))
  ]]))
end)

describe("require of geelark", function()
  local folder
  before_each(function()
    folder = temporary.new()
    shell.run("mkdir %s", folder:file "geelark")
  end)
  after_each(function() folder:remove() end)

  -- What it says where the core is looked for in the folder alone.
  local function said()
    local jit = rawget(_G, "jit")
    local source = ([[package.cpath = %q print(select(2, pcall(require, "geelark")))]])
      :format(folder:file "?.so")
    local text = shell.output(shell.run_lua(source) .. " 2>&1")
    local lua = jit and "LuaJIT (Lua 5.1)" or _VERSION
    local remedy = ("; this is %s. What helps, in a clone of geelark: make install LUA=%s\n")
      :format(lua, shell.lua_name())
    assert.truthy(text:find(remedy, 1, true), text)
    return text
  end

  it("says where no core is", function()
    assert.matches("^geelark: geelark/core%.so is in no folder of package%.cpath;", said())
  end)

  -- Whatever no Lua can load will do for such a core: what counts is what it says of itself.
  it("names a core that was built for another Lua, and for which", function()
    local path = folder:write("geelark/core.so", "\127ELF\0geelark.core for Lua 4.9\0")
    assert.truthy(said():find("geelark: " .. path .. " was built for Lua 4.9;", 1, true))
  end)

  it("names a core that says nothing of itself", function()
    local path = folder:write("geelark/core.so", "")
    assert.truthy(said():find("geelark: " .. path .. " was built for another Lua;", 1, true))
  end)

  it("names a core of this Lua that can't be loaded", function()
    local path = folder:write("geelark/core.so", "\127ELF\0geelark.core for " .. _VERSION)
    assert.truthy(said():find("geelark: " .. path .. " can't be loaded;", 1, true))
  end)
end)
