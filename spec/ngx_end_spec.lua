-- In nginx, what ends before a job ends it not: its client, its handler, a light thread, a worker.

local jobs = require "spec.support.nginx_jobs"

local location = jobs.location

-- A limiter that lets one request leave, and the others once `$open` holds; and what has
-- happened: a handler has begun to delete, a callback was called, so many handlers are over.
local EVENTS = [[
init_worker_by_lua_block {
  local semaphore = require "ngx.semaphore"
  local events = { begun = semaphore.new(), called = semaphore.new(), over = semaphore.new() }
  local sent = false
  events.limiter = { give = function() end, take = function()
    if sent and not ($open) then return nil, 0.01 end
    sent = true
    return true
  end }
  package.loaded.events = events
}
]]

local COUNT_OVER = "log_by_lua_block { require('events').over:post() }"

local PID = location("/pid", "ngx.say(ngx.worker.pid())")

describe("in nginx", function()
  local sim, server
  local killed -- how many handlers are, which the log says

  before_each(function() killed = 0 end)
  after_each(function()
    local log = server:log()
    server:stop()
    sim:stop()
    local others, told =
      log:gsub("[^\n]*the handler that deleted is gone: 300 deleted, [^\n]*\n?", "")
    assert.equal("", others)
    assert.equal(killed, told)
  end)

  -- A client that goes away after the first of three requests, and what each of the job's
  -- callbacks finds in a variable of the handler's.
  local function lose_client(checks, around)
    local handler = around:format [[
      local mark, told = "mine", nil
      local function on_progress(progress)
        if progress.successAmount == told then return end -- a second has gone by
        told = progress.successAmount
        local file = io.open(ngx.config.prefix() .. "progress", "a")
        file:write(progress.successAmount, " ", tostring(mark), "\n")
        file:close()
        require("events").called:post()
      end
      delete(some(1, 300), { concurrency = 1, limiter = require("events").limiter,
        on_progress = on_progress })]]
    server, sim = jobs.start("lua_check_client_abort " .. checks .. ";\n" .. PID
      .. location("/delete", handler, "content", COUNT_OVER)
      .. location("/called", "require('events').called:wait(30)")
      .. location("/over", "require('events').over:wait(30)")
      .. location("/open", "require('events').open = true"),
      { http = (EVENTS:gsub("$open", "events.open")) })
    local worker = server:get "/pid"
    local page = assert(io.popen("echo $$; exec " .. server:command "/delete"))
    local client = page:read "*l"
    server:get "/called"
    os.execute("kill " .. client)
    page:close()
    if checks == "on" then server:get "/over" end
    for _ = 1, 10 do server:get "/pid" end -- other requests on its stack
    server:get "/open"
    server:quit()
    server:await_end(worker)
    assert.equal(1700, sim:state().phoneCount)
    assert.equal(3, #sim:state().requests)
    return server:read "progress"
  end

  local all_told = "100 mine\n200 mine\n300 mine"

  it("a client that goes away stops nothing", function()
    assert.equal(all_told, lose_client("off", "%s"))
  end)

  it("where nginx kills its handler, the job goes on without callbacks", function()
    killed = 1
    assert.equal("100 mine", lose_client("on", "%s"))
  end)

  it("a timer's job isn't the client's: it goes on with its callbacks", function()
    assert.equal(all_told, lose_client("on", "ngx.timer.at(0, function() %s end) ngx.sleep(30)"))
  end)

  it("a light thread that is killed while it waits stops nothing", function()
    killed = 1
    server, sim = jobs.start(PID .. location("/kill", [[
      ngx.say(ngx.thread.kill(ngx.thread.spawn(delete, some(1, 300), { concurrency = 1 })))
      say(delete(some(301, 301), { concurrency = 1 }))]]))
    local worker = server:get "/pid"
    assert.equal("1\n1 deleted, 0 failed, 0 unknown, 0 pending", (server:get "/kill"))
    server:quit()
    server:await_end(worker)
    assert.equal(4, #sim:state().requests)
  end)

  -- Four jobs of three requests are under way, which go on when their worker has to end and
  -- so many handlers are over. Returns their pages to come and the worker's pid.
  local function delete_much(over, main)
    server, sim = jobs.start(PID .. location("/delete", [[
        local n, events = tonumber(ngx.var.arg_n), require "events"
        events.begun:post()
        say(delete(some(n, n + 299), { limiter = events.limiter }))]], "content", COUNT_OVER)
      .. location("/begun", [[
        for _ = 1, 4 do require("events").begun:wait(30) end
        ngx.say(ngx.worker.pid())]]),
      { main = main, http = (EVENTS:gsub("$open",
        "ngx.worker.exiting() and events.over:count() >= " .. over)) })
    local pages = {}
    for i = 1, 4 do
      pages[i] = assert(io.popen(server:command("/delete?n=" .. i * 300 - 299, "2>&1")))
    end
    return pages, server:get "/begun"
  end

  local function accounts_of(pages)
    for i, page in ipairs(pages) do
      pages[i] = page:read "*a"
      page:close()
    end
    return pages
  end

  local function all_ended_well()
    assert.equal(12, #sim:state().requests)
    assert.equal(800, sim:state().phoneCount)
  end

  local complete = "300 deleted, 0 failed, 0 unknown, 0 pending\n"
  local all_complete = { complete, complete, complete, complete }

  it("a reload in the middle loses no job: the old worker goes on to its end", function()
    local pages, before = delete_much(0)
    server:reload()
    assert.same(all_complete, accounts_of(pages))
    server:await_end(before)
    assert.not_equal(before, server:get "/pid")
    all_ended_well()
  end)

  it("a stop in the middle loses no job, where it is a QUIT", function()
    local pages, worker = delete_much(0)
    server:quit()
    assert.same(all_complete, accounts_of(pages))
    server:await_end(worker)
    all_ended_well()
  end)

  it("worker_shutdown_timeout may take the clients away, but no job", function()
    killed = 4
    local pages, worker = delete_much(4, "worker_shutdown_timeout 100ms;")
    server:reload()
    for _, page in ipairs(accounts_of(pages)) do assert.matches("^curl: %(%d+%)", page) end
    server:await_end(worker)
    all_ended_well()
  end)
end)

describe("in nginx that logs", function()
  local sim, server

  after_each(function()
    server:stop()
    sim:stop()
  end)

  local whole = "250 deleted, 0 failed, 0 unknown, 0 pending"

  it("a job that gets no running timer waits for one", function()
    server, sim = jobs.start(location("/delete", [[
      local free = require("ngx.semaphore").new()
      ngx.timer.at(0, function() free:wait(1.5) end)
      say(delete(some(1, 250)))]]), { http = "lua_max_running_timers 1;" })
    assert.equal(whole, server:get "/delete")
    assert.matches("lua_max_running_timers are not enough", server:log())
  end)

  it("a job that gets no timer at all raises, and nothing was sent", function()
    server, sim = jobs.start(location("/delete", [[
      ngx.timer.at(1000, function() end)
      ngx.timer.at(1000, function() end)
      ngx.say(select(2, pcall(delete, some(1, 250))))]]), { http = "lua_max_pending_timers 1;" })
    assert.equal("nginx gives no timer to run the job in: too many pending timers",
      (server:get "/delete"):match "nginx gives.*")
    assert.equal(0, #sim:state().requests)
  end)

  it("where the light thread that steps the jobs dies, another one takes them over", function()
    server, sim = jobs.start(location("/delete", [[
      local update_time = ngx.update_time
      ngx.update_time = function()
        ngx.update_time = update_time
        error("no memory")
      end
      say(delete(some(1, 250)))]]))
    assert.equal(whole, server:get "/delete")
    assert.matches("no memory", server:log())
  end)
end)
