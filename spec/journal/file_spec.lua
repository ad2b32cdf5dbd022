-- geelark.journal: files that can't serve, what is in those that do, and who may have them.

local asked = require "spec.support.asked"
local collect = require "spec.support.collect"
local fork = require "spec.support.native" "fork"
local geelark = require "geelark"
local held = require "spec.support.held"
local service = require "spec.support.service"
local shell = require "spec.support.shell"
local temporary = require "spec.support.temporary"

local folder, file

local function sql(statement)
  return shell.run("sqlite3 %s %s", file, statement)
end

-- SQLite's log of what isn't in the file yet: whoever closes the file takes it away.
local function log_is_there() return shell.run("ls %s", file .. "-wal") end

-- What a chunk of Lua returns in another process, in the folder of the file.
local function run_elsewhere(chunk)
  local root, lua = shell.run "pwd", shell.lua_name()
  return shell.run("cd %s && LUA_PATH=%s LUA_CPATH=%s %s -e %s", folder.path,
    root .. "/lua/?.lua;;", ("%s/build/%s/?.so;;"):format(root, lua), lua,
    ("local geelark, file = require 'geelark', %q print((function() %s end)())")
      :format(file, chunk))
end

-- A file as this version makes it.
local function make_journal(more)
  local given = service.options(service.success, { journal = file })
  for name, value in pairs(more or {}) do given[name] = value end
  assert(geelark.delete({ "d1" }, given))
end

local unfit = {
  { "another base_url's", "is for another base_url (https://elsewhere.example, not ",
    function() make_journal { base_url = "https://elsewhere.example" } end },
  { "another version's", "is of another version (0, this one is 1)", function()
    make_journal()
    sql "UPDATE run SET version = '0'"
  end },
  { "no SQLite file", "is not a SQLite file",
    function() folder:write("run.db", ("528086321789535232\n"):rep(100)) end },
  { "somebody else's database", "is not a journal of geelark's",
    function() sql "CREATE TABLE run (name TEXT)" end },
  { "a folder", "unable to open database file", function() shell.run("mkdir %s", file) end },
  -- As one that may only be read, which there is none of for root.
  { "a pipe", "disk I/O error; the file and its folder have to be writable",
    function() shell.run("mkfifo %s", file) end },
  { "in no folder", "unable to open database file",
    function() file = folder:file "nowhere/run.db" end },
}

describe("a journal that can't serve", function()
  before_each(function()
    folder = temporary.new()
    file = folder:file "run.db"
  end)
  after_each(function() folder:remove() end)

  for _, case in ipairs(unfit) do
    it("ends the call before anything is sent: it is " .. case[1], function()
      case[3]()
      local given, log = service.options(service.success, { journal = file })
      local result, err = geelark.delete({ "d1", "d2" }, given)
      assert.is_nil(result)
      assert.equal("config", err.kind)
      assert.truthy(err.message:find(case[2], 1, true), err.message)
      assert.truthy(err.message:find(file, 1, true), err.message)
      assert.same({ "d1", "d2" }, err.result.pendingIds)
      assert.same({}, asked(log))
    end)
  end

  for _, change in ipairs { "UPDATE phones SET id = 'nobody'", "UPDATE phones SET state = 'gone'",
    "UPDATE phones SET state = 'failed'", "UPDATE requests SET code = 'x'" } do
    it("is named where somebody has spoilt what it holds: " .. change, function()
      make_journal()
      sql(change)
      local _, err = geelark.journal.read(file)
      assert.equal("config", err.kind)
      local start = "config: journal: " .. file .. " holds what no job has written: "
      assert.equal(start, err.message:sub(1, #start))
      assert.is_nil(err.message:find(".lua:", 1, true))
    end)
  end

  it("is named where a job meets what somebody has spoilt", function()
    make_journal()
    sql "UPDATE phones SET state = 'gone'"
    local _, err = geelark.delete({ "d1" }, service.options(service.success, { journal = file }))
    assert.truthy(err.message:find(file .. " holds what no job has written: ", 1, true))
    assert.is_nil(err.message:find(".lua:", 1, true))
  end)

  it("is left as it was, where it is somebody else's database", function()
    sql "CREATE TABLE run (name TEXT)"
    local before = shell.run("cksum %s", file)
    local given = service.options(service.success, { journal = file })
    assert.equal("config", select(2, geelark.delete({ "d1" }, given)).kind)
    assert.equal("config", select(2, geelark.journal.read(file)).kind)
    assert.equal(before, shell.run("cksum %s", file))
  end)

  it("is told by read as it is by a job, where nobody can tell whether it is there", function()
    local below = folder:write("text", "") .. "/run.db"
    local _, err = geelark.journal.read(below)
    assert.equal("config: journal: " .. below .. ": unable to open database file", err.message)
    _, err = geelark.journal.read(file)
    assert.equal("config: journal: " .. file .. ": no such file", err.message)
  end)

  it("is left empty by read", function()
    folder:write("run.db", "")
    local _, err = geelark.journal.read(file)
    assert.truthy(err.message:find("is empty, no journal yet", 1, true), err.message)
    assert.equal("", shell.run("cat %s", file))
  end)

  it("is in use by a job of this process, until that has ended", function()
    local options, requests = held { journal = file }
    local job = geelark.start({ "d1" }, options)
    job:step()
    local given, log = service.options(service.success, { journal = file })
    local _, err = geelark.delete({ "d2" }, given)
    assert.truthy(err.message:find("is in use by another job or process", 1, true), err.message)
    _, err = geelark.journal.read(file)
    assert.equal("config", err.kind)
    requests:answer_all()
    assert.is_true(job:step())
    assert(geelark.delete({ "d2" }, given))
    assert.equal(1, #log)
    assert.equal(2, assert(geelark.journal.read(file)).successAmount)
  end)

  it("is in use by another process", function()
    local options, requests = held { journal = file }
    local job = geelark.start({ "d1" }, options)
    job:step()
    local said = run_elsewhere [[
      local service = require("geelark.simulator").new { phones = 1 }
      local _, err = geelark.delete(service:ids(), service:options { journal = file })
      return err.message .. #service:requests()
    ]]
    assert.truthy(said:find("run.db is in use by another job or process", 1, true), said)
    assert.equal("0", said:sub(-1))
    requests:answer_all()
    job:step()
  end)

  it("has no library: the message names the package", function()
    local DBI, preload = package.loaded.DBI, package.preload.DBI
    package.loaded.DBI, package.preload.DBI = nil, function() error "there is none" end
    local given, log = service.options(service.success, { journal = file })
    local _, err = geelark.delete({ "d1" }, given)
    package.loaded.DBI, package.preload.DBI = DBI, preload
    assert.equal("config", err.kind)
    assert.truthy(err.message:find("lua-dbi-sqlite3", 1, true), err.message)
    assert.same({}, asked(log))
  end)

  it("has a library that finds no memory: that is raised, as Lua's own error", function()
    make_journal()
    local DBI, preload = package.loaded.DBI, package.preload.DBI
    package.preload.DBI = function() error("DBI.lua: not enough memory", 0) end
    local raised = {}
    for i, call in ipairs { make_journal, geelark.journal.read } do
      package.loaded.DBI = nil
      raised[i] = { pcall(call, i == 2 and file or nil) }
    end
    package.loaded.DBI, package.preload.DBI = DBI, preload
    local expected = { false, "not enough memory" }
    assert.same({ expected, expected }, raised)
  end)

  -- Each of which would hold the file for as long as the process lives.
  it("leaves no statement open, where the table of them can't grow", function()
    local DBI = require "DBI"
    local connect = DBI.Connect
    local function watched(real)
      return {
        autocommit = function(_, on) return real:autocommit(on) end,
        close = function() return real:close() end,
        prepare = function(_, text)
          local statements = select(2, debug.getlocal(2, 1)).statements
          if text:find "^INSERT" then
            setmetatable(statements, { __newindex = function() error("not enough memory", 0) end })
          end
          return real:prepare(text)
        end,
      }
    end
    DBI.Connect = function(...) return watched(connect(...)) end
    local done = pcall(geelark.delete, { "d1" },
      (service.options(service.success, { journal = file })))
    DBI.Connect = connect
    assert.is_false(done)
    assert(geelark.delete({ "d1" }, (service.options(service.success, { journal = file }))))
  end)

  it("has no name that could be one", function()
    for _, name in ipairs { "", "a\nb", "a\0b", 1, true } do
      assert.has_error(function() geelark.delete({ "d1" }, { token = "t", journal = name }) end)
    end
  end)

  it("isn't opened where there are no credentials", function()
    local _, err = geelark.delete({ "d1" }, { journal = file, base_url = "https://localhost" })
    assert.equal("config", err.kind)
    assert.is_nil(io.open(file))
  end)
end)

describe("a journal", function()
  before_each(function()
    folder = temporary.new()
    file = folder:file "run.db"
  end)
  after_each(function() folder:remove() end)

  it("may have a name that SQLite takes for something else", function()
    for _, name in ipairs { ":memory:", "file:x?mode=memory", "with 'quote.db", "-x.db" } do
      file = folder:file(name)
      assert.equal("1", run_elsewhere([[
        local service = require("geelark.simulator").new { phones = 1 }
        local options = service:options { journal = file:match "[^/]*$" }
        for _ = 1, 2 do assert(geelark.delete(service:ids(), options)) end
        return tostring(#service:requests())
      ]]))
      assert(io.open(file)):close()
    end
  end)

  it("holds no secret", function()
    make_journal { token = "token-of-the-spec", app_id = "app-id-1", api_key = "api-key-2",
      proxy = "http://user:proxy-word@localhost:1" }
    local bytes = assert(io.open(file, "rb")):read "*a"
    for _, secret in ipairs { "token-of-the-spec", "app-id-1", "api-key-2", "proxy-word" } do
      assert.is_nil(bytes:find(secret, 1, true))
    end
  end)

  it("keeps any words of the service's", function()
    local words = "it's \\\"50 %\\\", \\u00e9, \\n2nd line"
    local given = service.options(function(request)
      return 200, service.envelope(0, 1, { service.failure(request.ids[1], 43007, words) })
    end, { journal = file })
    local result = assert(geelark.delete({ "d1" }, given))
    assert.same(result.failDetails, assert(geelark.journal.read(file)).failDetails)
  end)

  it("keeps the largest code that there is", function()
    local given = service.options(function(request)
      return 200, service.envelope(0, 1, { service.failure(request.ids[1], 2147483647, "no") })
    end, { journal = file })
    local result = assert(geelark.delete({ "d1" }, given))
    assert.same(result.failDetails, assert(geelark.journal.read(file)).failDetails)
    local code = assert(geelark.journal.read(file)).failDetails[1].code
    assert.equal("2147483647", tostring(code))
  end)

  it("goes on after a write that failed", function()
    make_journal()
    sql [[CREATE TRIGGER full BEFORE UPDATE ON phones WHEN NEW.id = 'd3' AND NEW.state = 'deleted'
      BEGIN SELECT RAISE(ABORT, 'the disk is full'); END]]
    local options, requests = held { journal = file, chunk_size = 1, concurrency = 2 }
    local job = geelark.start({ "d2", "d3", "d4" }, options)
    job:step()
    requests:answer_all() -- d3 first
    repeat until job:step()
    local _, err = job:result()
    assert.equal("callback", err.kind)
    assert.truthy(err.message:find("the disk is full", 1, true), err.message)
    assert.equal("d1|deleted\nd2|deleted\nd3|sent\nd4|pending",
      sql "SELECT id, state FROM phones ORDER BY id")
  end)

  local lost = { removed = "rm %s # %s", ["given another name"] = "mv %s %s.old",
    ["replaced by another"] = "echo >%s.new; mv %s.new %s" }
  for how, command in pairs(lost) do
    it("stops the job, where it is " .. how .. " under it: nothing leaves any more", function()
      local given, log = service.options(function(request, n)
        if n == 2 then shell.run(command, file, file, file) end
        return service.success(request)
      end, { journal = file, chunk_size = 1, concurrency = 1 })
      local _, err = geelark.delete({ "d1", "d2", "d3" }, given)
      assert.equal("callback", err.kind)
      assert.truthy(err.message:find(file .. " is no longer there", 1, true), err.message)
      assert.same({ "d1", "d2" }, asked(log))
      assert.same({ "d3" }, err.result.pendingIds)
    end)
  end

  it("is whole where it was given another name, and another file in its place as it was", function()
    local given = service.options(function(request, n)
      if n == 1 then shell.run("mv %s %s.old && echo no journal >%s", file, file, file) end
      return service.success(request)
    end, { journal = file, chunk_size = 1, concurrency = 1 })
    assert.equal("callback", select(2, geelark.delete({ "d1", "d2" }, given)).kind)
    assert.equal("no journal", shell.run("cat %s", file))
    assert.equal("0", shell.run("cat %s | wc -c", file .. "-wal"))
    file = file .. ".old"
    assert.equal("d1|deleted\nd2|pending", sql "SELECT id, state FROM phones ORDER BY id")
  end)

  it("is an ordinary file when the job is done", function()
    make_journal()
    assert.equal("ok", sql "PRAGMA integrity_check")
    assert.equal("run.db", shell.run("ls -A %s", folder.path))
  end)

  it("survives the child of a fork, whose collector leaves its connection alone", function()
    local options, requests = held { journal = file, chunk_size = 1, concurrency = 1 }
    local job = geelark.start({ "d1", "d2", "d3" }, options)
    job:step()
    local told = fork(function()
      job, options, requests = nil, nil, nil -- luacheck: ignore
      collect()
      return true
    end)
    assert.is_true(told)
    assert.is_truthy(log_is_there())
    repeat requests:answer_all() until job:step()
    assert.equal(3, assert(job:result()).successAmount)
    assert.equal("ok", sql "PRAGMA integrity_check")
    assert.equal("3", sql "SELECT count(*) FROM phones WHERE state = 'deleted'")
  end)

  it("survives a child that ends with its Lua state closed", function()
    local options, requests = held { journal = file, chunk_size = 1, concurrency = 1 }
    local job = geelark.start({ "d1", "d2", "d3" }, options)
    job:step()
    fork(function()
      os.exit(0, true) -- which closes it on all but Lua 5.1
    end)
    assert.is_truthy(log_is_there())
    repeat requests:answer_all() until job:step()
    assert.equal("ok", sql "PRAGMA integrity_check")
    assert.equal("3", sql "SELECT count(*) FROM phones WHERE state = 'deleted'")
  end)
end)
