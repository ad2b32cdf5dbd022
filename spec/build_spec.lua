-- The Makefile: what it installs and takes away again, and what it says where something that
-- building needs is missing.

local shell = require "spec.support.shell"
local temporary = require "spec.support.temporary"

local lua = shell.lua_name()

-- What make says, and whether it went well.
local function make(arguments)
  local said = shell.output("make --no-print-directory -s " .. arguments .. " 2>&1; echo $?")
  local text, status = said:match "^(.-)\n?(%d+)$"
  return text, status == "0"
end

describe("make", function()
  local directory
  before_each(function() directory = temporary.new() end)
  after_each(function() directory:remove() end)

  it("installs a module that works into a folder with a blank, and takes all of it away", function()
    local target = ("LUA=%s PREFIX='/usr/my own' DESTDIR='%s'"):format(lua, directory.path)
    assert.same({ "", true }, { make("install " .. target) })
    local version = _VERSION:match "%d.%d"
    local tree = directory:file "usr/my own"
    local said = shell.output(("LUA_PATH=%s LUA_CPATH=%s %s -e %s 2>&1"):format(
      shell.quote(tree .. "/share/lua/" .. version .. "/?.lua"),
      shell.quote(tree .. "/lib/lua/" .. version .. "/?.so;" .. package.cpath:match "[^;]*;(.*)"),
      lua, shell.quote 'print(require("geelark")._VERSION)'))
    assert.equal(require("geelark")._VERSION, said)
    assert.is_true(select(2, make("uninstall " .. target)))
    assert.equal("", shell.output(("find '%s' -type f"):format(directory.path)))
  end)

  it("gives a simulator its options, whatever quotes are in them", function()
    local said = make(("simulator -o deps LUA=%s OPTIONS=%s"):format(lua,
      shell.quote [[token = "it's", host = 'nowhere']]))
    assert.matches("host: loopback address expected, got nowhere", said, 1, true)
  end)

  local cases = {
    { "a compiler", "CC=no-such-cc", "no-such-cc, the C compiler" },
    { "Lua's headers", "LUA_CFLAGS=-I/nowhere", "lua.h, the C header of Lua " },
    { "libcurl's and libcrypto's headers", "LIB_CFLAGS=-nostdinc", "curl/curl.h, the C header of" },
    { "the interpreter", "LUA=no-such-lua", "the interpreter no-such-lua" },
  }
  for _, case in ipairs(cases) do
    local what, arguments, named = case[1], case[2], case[3]
    it("names " .. what .. " that is missing, and what helps, in words of its own", function()
      local said, fine = make(("all LUA=%s %s BUILD=%s"):format(lua, arguments, directory.path))
      assert.is_false(fine)
      assert.matches("geelark can't be built. What is missing:\n", said, 1, true)
      assert.matches("\n  " .. named, said, 1, true)
      assert.matches("\nWhat helps: make deps LUA=", said, 1, true)
      assert.is_nil(said:find "error:")
    end)
  end
end)
