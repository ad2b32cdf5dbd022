-- In nginx, the account of a job whose handler was killed: one line in error.log.

local account = require "geelark.loop.ngx.account"
local jobs = require "spec.support.nginx_jobs"

local location = jobs.location

-- So many ids, as the service numbers them.
local function ids(count)
  return require("geelark.simulator.phones").ids(count)
end

local function result(fields)
  local all = { successAmount = 0, failDetails = {}, unknownIds = {}, pendingIds = {},
    stoppedIds = {} }
  for name, value in pairs(fields) do all[name] = value end
  all.failAmount = #all.failDetails
  return all
end

local function refused(count)
  local list = {}
  for i, id in ipairs(ids(count)) do list[i] = { id = id, code = 43009, msg = "started" } end
  return list
end

local function failing(text, fields)
  return setmetatable({ result = result(fields) }, { __tostring = function() return text end })
end

describe("the line for a handler that is gone", function()
  it("has the amounts alone where all is well", function()
    assert.equal("250 deleted, 0 failed, 0 unknown, 0 pending",
      account.line(result { successAmount = 250 }))
  end)

  it("says how many phones were stopped, where any were", function()
    assert.equal("2 deleted, 0 failed, 0 unknown, 0 pending, 1 of them stopped",
      account.line(result { successAmount = 2, stoppedIds = { "a1" } }))
  end)

  it("names what went wrong and each id that isn't known to be deleted", function()
    local err = failing("server: HTTP 502, traceId 5d0f", { successAmount = 7,
      failDetails = { { id = "a1", code = 43009 }, { id = "a2", code = 42001 } },
      unknownIds = { "b1" }, pendingIds = { "c1", 7 } })
    assert.equal("7 deleted, 2 failed, 1 unknown, 2 pending; server: HTTP 502, traceId 5d0f; "
      .. "unknown: b1; failed: a1 (43009), a2 (42001); pending: c1, 7", account.line(nil, err))
  end)

  it("stays one line, whatever the message holds", function()
    local err = failing("callback: on_progress: first\r\nsecond\0third", {})
    assert.equal("0 deleted, 0 failed, 0 unknown, 0 pending; "
      .. "callback: on_progress: first second third", account.line(nil, err))
    assert.equal("no account: not enough memory now", account.trouble "not enough memory\nnow")
  end)

  for what, fields in pairs {
    ["are unknown"] = { unknownIds = ids(1000) },
    ["have failed"] = { failDetails = refused(1000) },
    ["are pending"] = { pendingIds = ids(1000) },
  } do
    it("says how many more there are where a thousand " .. what, function()
      local line = account.line(result(fields))
      local shown = select(2, line:gsub("52808632%d+", ""))
      assert.equal(1000 - shown, tonumber(line:match ", (%d+) more$"))
      assert.is_true(#line > 1400 and #line <= 1500, #line .. " bytes")
    end)
  end

  it("has room for ids of each kind, however many there are of another", function()
    local err = failing(("x"):rep(5000), { unknownIds = ids(1000), failDetails = refused(3),
      pendingIds = ids(1000) })
    local line = account.line(nil, err)
    local unknown, failed, pending =
      line:match "x%.%.%.; unknown: (.-); failed: (.-); pending: (.-)$"
    assert.matches("^528086321789535232, .*, %d+ more$", unknown)
    assert.matches("^528086321789535232 %(43009%), [^m]*%)$", failed)
    assert.matches("^528086321789535232, .*, %d+ more$", pending)
    assert.is_true(#line <= 1500, #line .. " bytes")
  end)
end)

-- What has happened: a callback was called, a handler is over; and a limiter that lets the second
-- request leave once a handler is over.
local EVENTS = [[
lua_check_client_abort on;
init_worker_by_lua_block {
  local semaphore = require "ngx.semaphore"
  local events = { called = semaphore.new(), over = semaphore.new(), gone = false, sent = false }
  events.limiter = { give = function() end, take = function()
    if events.sent and not events.gone then return nil, 0.01 end
    events.sent = true
    return true
  end }
  -- Not in a handler: other requests get its stack when it is gone.
  function events.before_each_step(call)
    local geelark = require "geelark"
    local methods = debug.getmetatable(geelark.start({}, { token = "t" })).__index
    local step = methods.step
    methods.step = function(job)
      call(job)
      return step(job)
    end
  end
  package.loaded.events = events
}
]]

-- Of 300 phones, three are started, one in each request; the answer to the last request is lost.
local OPTIONS = [[{ concurrency = 1, attempts = 1, limiter = events.limiter,
  on_progress = function() events.called:post() end }]]
local DELETE = "local events = require 'events' delete(some(1, 300), " .. OPTIONS .. ")"
local IS_OVER = [[log_by_lua_block {
  local events = require "events"
  events.gone = true
  events.over:post()
}]]

describe("in nginx, where a handler is killed", function()
  local sim, server

  -- Each path, and what the handler does there.
  local function start(handlers, main)
    local locations = location("/called", "require('events').called:wait(30)")
      .. location("/over", "require('events').over:wait(30)")
      .. location("/pid", "ngx.say(ngx.worker.pid())")
    for path, source in pairs(handlers) do
      locations = locations .. location(path, source, "content", IS_OVER)
    end
    server, sim = jobs.start(locations, { http = EVENTS, main = main,
      simulator = { phones = 300, states = { started = 3 },
        plan = { {}, {}, { close = "after" } } } })
    return server:get "/pid"
  end

  after_each(function()
    server:stop()
    sim:stop()
  end)

  -- The lines of the log when the worker has ended.
  local function log_of(worker)
    server:await_end(worker)
    local lines = {}
    for line in server:log():gmatch "[^\n]+" do lines[#lines + 1] = line end
    return lines
  end

  local amounts = "geelark: the handler that deleted is gone: 198 deleted, 2 failed, "
    .. "100 unknown, 0 pending; network: "

  local function check(lines)
    assert.equal(1, #lines, table.concat(lines, "\n"))
    local line, all = lines[1], ids(300)
    assert.matches(amounts, line, 1, true)
    assert.equal(all[201] .. ", " .. all[202], line:match "; unknown: (%d+, %d+), ")
    assert.equal(all[51] .. " (43009), " .. all[151] .. " (43009)",
      line:match "; failed: ([^;]-%)), c")
    assert.is_nil(line:find("simulator", 1, true)) -- the token
  end

  -- Asks for the page, and goes away when a callback was called.
  local function go_away(path)
    local page = assert(io.popen("echo $$; exec " .. server:command(path)))
    local client = page:read "*l"
    server:get "/called"
    os.execute("kill " .. client)
    page:close()
  end

  it("by its client's going away, its account is one line of the log", function()
    local worker = start { ["/delete"] = DELETE }
    go_away "/delete"
    server:get "/over"
    server:quit()
    check(log_of(worker))
  end)

  it("by ngx.exit in another light thread, its account is one line of the log", function()
    local worker = start { ["/delete"] = ([[
      ngx.thread.spawn(function() %s end)
      require("events").called:wait(30)
      ngx.exit(503)]]):format(DELETE) }
    assert.matches("503 Service", server:get "/delete", 1, true)
    server:quit()
    check(log_of(worker))
  end)

  it("by ngx.thread.kill, its account is one line of the log", function()
    local worker = start { ["/delete"] = ([[
      local thread = ngx.thread.spawn(function() %s end)
      require("events").called:wait(30)
      ngx.say(ngx.thread.kill(thread))]]):format(DELETE) }
    assert.equal("1", server:get "/delete")
    server:quit()
    check(log_of(worker))
  end)

  it("by worker_shutdown_timeout, its account is one line of the log", function()
    local worker = start({ ["/delete"] = DELETE }, "worker_shutdown_timeout 100ms;")
    local page = assert(io.popen(server:command("/delete", "2>&1")))
    server:get "/called"
    server:reload()
    assert.matches("^curl: %(%d+%)", page:read "*a")
    page:close()
    check(log_of(worker))
  end)

  it("a step that raised is told in the log", function()
    local worker = start { ["/delete"] = [[
      require("events").before_each_step(function()
        if require("events").gone then error("not enough memory", 0) end
      end)
      ]] .. DELETE }
    go_away "/delete"
    server:get "/over"
    server:quit()
    local lines = log_of(worker)
    assert.equal(1, #lines)
    assert.matches("the handler that deleted is gone: no account: not enough memory", lines[1], 1,
      true)
  end)

  it("its job's descriptor is closed at the end, whenever the collector comes", function()
    start { ["/delete"] = [[
      collectgarbage "stop"
      require("events").before_each_step(function(job) require("events").fd = job:pollfd() end)
      ]] .. DELETE, ["/fd"] = [[
      while ngx.timer.running_count() > 0 do ngx.sleep(0.001) end
      local fd = ("/proc/%d/fd/%d"):format(ngx.worker.pid(), require("events").fd)
      local pipe = io.popen("readlink " .. fd)
      ngx.say(pipe:read "*l" or "closed")
      pipe:close()]] }
    go_away "/delete"
    server:get "/over"
    assert.not_equal("anon_inode:[eventpoll]", server:get "/fd") -- but perhaps another one's
  end)
end)
