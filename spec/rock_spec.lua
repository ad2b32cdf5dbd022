-- LuaRocks: a source rock of a clone builds a module that works, and what building needs and the
-- machine hasn't is named. All of it happens in a copy of the tree, in which LuaRocks may leave what
-- it leaves.

local shell = require "spec.support.shell"
local temporary = require "spec.support.temporary"

local PARTS = "Makefile geelark-scm-1.rockspec src lua"
local version = _VERSION:match "%d%.%d"

-- The installed lua-cjson is Debian's and no rock; it isn't what is looked at.
local luarocks = "luarocks --lua-version=" .. version .. " --tree=../tree %s --deps-mode=none 2>&1"

describe("LuaRocks", function()
  local directory, copy
  setup(function()
    directory = temporary.new()
    copy = directory:file "geelark's clone"
    shell.run("mkdir %s && cp -R " .. PARTS .. " %s", copy, copy)
  end)
  teardown(function() directory:remove() end)

  local function inside(command)
    return shell.run("cd %s; " .. command, copy)
  end

  it("builds a module that works from a source rock, with libraries where it is told", function()
    inside [[git init -q 2>&1 && git add . && git -c user.name=geelark -c user.email=geelark \
      commit -q -m "the tree" && make -s rock 2>&1]]
    inside(luarocks:format "build build/geelark-scm-1.src.rock"
      .. " CURL_DIR=/usr CRYPTO_DIR=/usr CFLAGS='-O0 -fPIC'")
    local tree = directory:file "tree"
    local cpath = ("%s/lib/lua/%s/?.so;%s"):format(tree, version, package.cpath:match "[^;]*;(.*)")
    local said = shell.output(("LUA_PATH=%s LUA_CPATH=%s %s -e %s 2>&1"):format(
      shell.quote(("%s/share/lua/%s/?.lua"):format(tree, version)), shell.quote(cpath),
      shell.lua_name(), shell.quote 'print(require("geelark")._VERSION)'))
    assert.equal(require("geelark")._VERSION, said)
    assert.equal(said, shell.output(("LUA_CPATH=%s %s --version 2>&1"):format(shell.quote(cpath),
      shell.quote(tree .. "/bin/geelark"))))
  end)

  for name, variable in pairs { CURL = "CURL_BINDIR", CRYPTO = "CRYPTO_INCDIR" } do
    it("names " .. name .. " that is missing, before anything is compiled", function()
      local said = shell.output(("cd %s; %s %s=/nowhere"):format(shell.quote(copy),
        luarocks:format "make", variable))
      assert.matches("Could not find %a+ file for " .. name, said)
      assert.is_nil(said:find("gcc", 1, true))
    end)
  end
end)
