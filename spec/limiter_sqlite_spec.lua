-- The quota in a SQLite file: what is told where there can't be one, and what becomes of it when the
-- file, the machine's clock or the process is another one. What every store promises:
-- quota_contract_spec.

local core = require "geelark.core"
local fork = require "spec.support.native" "fork"
local geelark = require "geelark"
local quota_stores = require "spec.support.quota_stores"
local shell = require "spec.support.shell"
local temporary = require "spec.support.temporary"

local DELETE = "/open/v1/phone/delete"

-- What it says where it raises.
local function refused(...)
  local made, why = pcall(geelark.limiter.sqlite, ...)
  assert.is_false(made)
  return (why:gsub("^[^%s]*:%d+: ", ""))
end

-- Runs statements by a connection of its own.
local function execute(file, ...)
  local connection = assert(require("DBI").Connect("SQLite3", file))
  connection:autocommit(true)
  for _, sql in ipairs { ... } do
    local statement = assert(connection:prepare(sql))
    assert(statement:execute())
    statement:close()
  end
  return connection
end

describe("geelark.limiter.sqlite raises", function()
  local directory
  setup(function() directory = temporary.new() end)
  teardown(function() directory:remove() end)

  for what, row in pairs {
    ["without a file's name"] = { nil, "name of a file expected, got nil" },
    ["for an empty name"] = { "", "name of a file expected, got " },
    ["in a folder that isn't there"] = { "/nowhere/at/all",
      "/nowhere/at/all: unable to open database file" },
  } do
    it(what, function() assert.equal("geelark.limiter.sqlite: " .. row[2], refused(row[1])) end)
  end

  it("for a file that is something else", function()
    local text = directory:write("text", ("no database"):rep(100))
    assert.equal("geelark.limiter.sqlite: " .. text .. ": file is not a database",
      refused(text))
    assert.equal(("no database"):rep(100), shell.read(text))

    local other = directory:file "other"
    execute(other, "CREATE TABLE phones (id TEXT)"):close()
    assert.equal("geelark.limiter.sqlite: " .. other .. ": it is a database, but no quota",
      refused(other))

    local fixed = directory:file "fixed"
    geelark.limiter.sqlite(fixed)
    local handle = assert(io.open(fixed, "r+b"))
    handle:seek("set", 18) -- by which a file says that it may only be read
    handle:write "\3"
    handle:close()
    assert.equal("geelark.limiter.sqlite: " .. fixed .. ": attempt to write a readonly database",
      refused(fixed))

    local later = directory:file "later"
    geelark.limiter.sqlite(later)
    execute(later, "UPDATE geelark_limiter SET version = 2"):close()
    assert.equal("geelark.limiter.sqlite: " .. later .. ": another version of geelark made it",
      refused(later))
  end)

  it("where LuaDBI is missing, and names the packages", function()
    local loaded, preload = package.loaded.DBI, package.preload.DBI
    package.loaded.DBI, package.preload.DBI = nil, function() error "no such module" end
    local why = refused(directory:file "new")
    package.loaded.DBI, package.preload.DBI = loaded, preload
    assert.matches(": LuaDBI with SQLite3 is needed (Debian: apt-get install lua-dbi-sqlite3, "
      .. "LuaRocks: luarocks install luadbi-sqlite3)", why, 1, true)
  end)
end)

describe("a quota in a SQLite file", function()
  local store
  before_each(function() store = quota_stores.sqlite() end)
  after_each(function() store.stop() end)

  it("that is gone is named, and not made again", function()
    local limiter = store.holder()
    store.lose()
    local taken, _, why = limiter.take(60, DELETE)
    assert.is_nil(taken)
    assert.equal(store.file .. " is gone", why)
    assert.is_nil(io.open(store.file))
  end)

  it("that was replaced is believed once nothing counts that was taken from the old one", function()
    local limits = { requests_per_minute = 2, requests_per_hour = false }
    local limiter = store.holder(limits)
    local token = limiter.take(60, DELETE)
    os.remove(store.file)
    local other = store.holder(limits)
    local theirs = other.take(60, DELETE)
    local taken, wait, why = limiter.take(60, DELETE)
    assert.is_nil(taken)
    assert.is_true(wait > 0)
    assert.equal("the store has lost what it counted", why)
    limiter.give(token) -- whose number another request may have by now
    store.set(59)
    assert.is_truthy(other.take(60, DELETE))
    assert.is_nil((other.take(60, DELETE)))
    other.give(theirs)
    store.set(119.5)
    assert.is_nil((limiter.take(60, DELETE)))
    store.set(120.5)
    assert.is_truthy(limiter.take(60, DELETE))
  end)

  it("counts on when the machine was started again, as if it hadn't been off at all", function()
    store.set(5000)
    local limits = { requests_per_minute = 1 }
    local limiter = store.holder(limits)
    limiter.give(limiter.take(60, DELETE))
    store.set(10)
    limiter = store.holder(limits)
    local taken, wait = limiter.take(60, DELETE)
    assert.is_nil(taken)
    assert.near(50, wait, 0.1)
    store.set(61)
    assert.is_truthy(limiter.take(60, DELETE))
  end)

  it("that somebody else keeps locked can't be asked, and goes on when it is free", function()
    local limiter = store.holder()
    local connection = execute(store.file, "BEGIN IMMEDIATE")
    local taken, wait, why = limiter.take(60, DELETE)
    connection:close()
    assert.is_nil(taken)
    assert.is_true(wait > 0)
    assert.matches("database is locked", why)
    assert.is_truthy(limiter.take(60, DELETE))
  end)

  it("can be asked when a process was killed that had it for itself", function()
    local limiter = store.holder { requests_per_minute = 1 }
    assert(fork(function()
      core.now = function() fork(true) end -- luacheck: ignore 122
      limiter.take(60, DELETE) -- asks what time it is when it has the file, and dies
    end))
    assert.is_truthy(limiter.take(60, DELETE))
  end)

  it("goes on in the child of a fork, which is a holder of its own", function()
    local limiter = store.holder { concurrency = 1 }
    local token = limiter.take(60, DELETE)
    assert(fork(function() return limiter.take(60, DELETE) == nil end))
    limiter.give(token)
    assert.is_nil((limiter.take(60, DELETE))) -- the child comes first
    store.set(2)
    assert(fork(function() return limiter.take(60, DELETE) ~= nil end))
    assert.is_nil((limiter.take(60, DELETE)))
  end)

  it("lets processes that come all at once have no more than there is", function()
    local source = ([[
      local limiter = require("geelark").limiter.sqlite(%q, { requests_per_minute = 24 })
      local taken, token, _, why = 0
      repeat
        token, _, why = limiter.take(60, %q)
        if token then taken = taken + 1 end
      until not token and not why -- which there is where others have the file for too long
      print(taken)]]):format(store.file, DELETE)
    local processes, taken = {}, 0
    for i = 1, 8 do processes[i] = assert(io.popen(shell.run_lua(source))) end
    for _, process in ipairs(processes) do
      local said = process:read "*a"
      taken = taken + assert(tonumber(said), said)
      process:close()
    end
    assert.equal(24, taken)
  end)
end)
