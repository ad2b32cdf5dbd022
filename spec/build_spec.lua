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

  it("installs the command, which runs from any folder, and leaves another Lua's alone", function()
    local prefix = directory:file "my own"
    local target = ("LUA=%s PREFIX=%s"):format(lua, shell.quote(prefix))
    assert.same({ "", true }, { make("install " .. target) })
    local command = shell.quote(prefix .. "/bin/geelark")
    local said = shell.output("cd / && env -u LUA_PATH -u LUA_CPATH " .. command
      .. " --version 2>&1")
    assert.equal(require("geelark")._VERSION, said)
    assert.matches("^#!/%S+/" .. lua .. "\n", shell.read(prefix .. "/bin/geelark"))
    make("uninstall LUA_VERSION=5.9 " .. target)
    assert.equal("#!", shell.output("head -c 2 " .. command))
    make("uninstall " .. target)
    assert.equal("", shell.output("find " .. shell.quote(prefix) .. " -type f"))
  end)

  it("installs a command that runs from any folder also where PREFIX begins in this one", function()
    local tree = directory.path:gsub("^/", "")
    local up = shell.output("pwd"):gsub("/[^/]+", "../")
    local target = ("LUA=%s PREFIX=%s"):format(lua, shell.quote(up .. tree))
    assert.same({ "", true }, { make("install " .. target) })
    assert.equal(require("geelark")._VERSION, shell.output(
      "cd / && env -u LUA_PATH -u LUA_CPATH " .. directory.path .. "/bin/geelark --version 2>&1"))
    make("uninstall " .. target)
    assert.equal("", shell.output("find " .. directory.path .. " -type f"))
  end)

  it("installs a command that runs also where the interpreter's folder has a blank", function()
    local own = directory:file "my lua"
    shell.run("mkdir %s && ln -s \"$(command -v %s)\" %s", own, lua, own .. "/lua")
    local target = ("LUA=%s BUILD=build/%s PREFIX=%s"):format(
      shell.quote(own .. "/lua"), lua, directory.path)
    assert.same({ "", true }, { make("install " .. target) })
    assert.equal(require("geelark")._VERSION .. "\n2", shell.output(
      "cd / && export PATH=" .. directory.path .. "/bin:$PATH && unset LUA_PATH LUA_CPATH; "
      .. "geelark --version 2>&1; geelark delete 'not  one' </dev/null >/dev/null 2>&1; echo $?"))
  end)

  it("gives a simulator its options, whatever quotes are in them", function()
    local said = make(("simulator -o deps LUA=%s OPTIONS=%s"):format(lua,
      shell.quote [[token = "it's", host = 'nowhere']]))
    assert.matches("host: loopback address expected, got nowhere", said, 1, true)
  end)

  it("says which file it compiles, with V=1 how, and nothing with -s", function()
    local object = directory:file "callback.o"
    local target = ("%s LUA=%s BUILD=%s"):format(object, lua, directory.path)
    local function run(flags)
      return shell.run("rm -f %s; make --no-print-directory " .. flags .. target, object)
    end
    assert.equal("cc  src/callback.c", run "")
    assert.matches("^cc %-std=c99 .* src/callback%.c$", run "V=1 ")
    assert.equal("", run "-s ")
  end)

  it("says what helps where it may not install", function()
    local said, fine = make(("install LUA=%s PREFIX=%s/x"):format(lua,
      directory:write("no_folder", "")))
    assert.is_false(fine)
    assert.matches("\nWhat helps: as root, or another folder: make install LUA=" .. lua
      .. " PREFIX=~/.local\n", said, 1, true)
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

describe("without a tool that only developers need", function()
  local helps = " is missing. What helps: make test-deps"

  it("make specs names it, and what helps", function()
    assert.equal("busted, which runs the specs," .. helps, shell.output(
      "PATH=/nowhere /bin/sh spec/support/specs.sh build " .. lua .. " 2>&1"))
  end)

  it("make rock names it, and what helps", function()
    local said, fine = make "rock LUAROCKS=no-such-rocks"
    assert.is_false(fine)
    assert.equal("no-such-rocks, which packs rocks," .. helps, said:match "^[^\n]*")
  end)
end)

describe("make deps", function()
  local directory
  setup(function()
    directory = temporary.new()
    for tool in ("sh sed grep"):gmatch "%S+" do
      shell.run("ln -s \"$(command -v %s)\" %s", tool, directory.path)
    end
  end)
  teardown(function() directory:remove() end)

  for name, packages in pairs {
    ["lua5.1"] = "lua5.1 liblua5.1-0-dev", ["lua5.4"] = "lua5.4 liblua5.4-dev",
    ["lua5.5"] = "lua5.5 liblua5.5-dev", ["/opt/bin/lua53"] = "lua5.3 liblua5.3-dev",
    ["lua-5.2"] = "lua5.2 liblua5.2-dev", lua = "lua5.4 liblua5.4-dev",
    luajit = "luajit2 or luajit libluajit2-5.1-dev or libluajit-5.1-dev",
  } do
    it("names what " .. name .. " needs where nothing can be installed", function()
      local said = shell.run("PATH=%s sh spec/support/deps.sh build %s", directory.path, name)
      assert.matches("^This is no Debian system, so nothing is installed", said)
      assert.equal(" " .. packages, said:sub(-#packages - 1))
    end)
  end

  it("says which Luas there are where it is given another", function()
    local said = shell.output(("PATH=%s sh spec/support/deps.sh build nolua 2>&1")
      :format(shell.quote(directory.path)))
    assert.equal("nolua is no Lua that is known. Those are: lua5.1 to lua5.5, luajit.", said)
  end)
end)

describe("the changelog", function()
  local releases, unreleased = {}, nil
  for heading in ("\n" .. shell.read "CHANGELOG.md"):gmatch "\n## ([^\n]*)" do
    if heading == "Unreleased" then
      unreleased = #releases
    else
      releases[#releases + 1] = heading:match "^(%d+%.%d+%.%d+), %d%d%d%d%-%d%d%-%d%d$" or heading
    end
  end

  -- "0.10.0" comes after "0.9.0".
  local function key(release)
    return ("%06d%06d%06d"):format(release:match "^(%d+)%.(%d+)%.(%d+)$")
  end

  it("has what isn't released first, then numbers with their dates, the newest first", function()
    assert.is_true(unreleased == 0 or unreleased == nil and #releases > 0)
    for i, release in ipairs(releases) do
      assert.matches("^%d+%.%d+%.%d+$", release)
      assert.is_true(i == 1 or key(release) < key(releases[i - 1]), release)
    end
  end)

  it("knows the module's own version as the next or the last release", function()
    local version = require("geelark")._VERSION:match "^geelark (.*)$"
    if unreleased then
      assert.is_true(not releases[1] or key(version) > key(releases[1]))
    else
      assert.equal(releases[1], version)
    end
  end)
end)
