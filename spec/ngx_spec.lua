-- The driver for OpenResty, in nginx with its Lua module.

local nginx = require "spec.support.nginx"
local readme = require "spec.support.readme"
local simulator = require "spec.support.simulator"

local PRELUDE = [[
  local geelark = require "geelark"
  local delete = require("geelark.loop.ngx").delete
  local ids = require("geelark.simulator.phones").ids(2000)
  local function some(from, to)
    local list = {}
    for i = tonumber(from), tonumber(to) do list[#list + 1] = ids[i] end
    return list
  end
  local function say(result, err)
    result = result or err.result
    ngx.say(("%d deleted, %d failed, %d unknown, %d pending%s"):format(result.successAmount,
      result.failAmount, #result.unknownIds, #result.pendingIds, err and ", " .. err.kind or ""))
  end
]]

-- A location that runs Lua in a phase.
local function location(path, source, phase)
  return ("location = %s { %s_by_lua_block { %s\n%s } }\n")
    :format(path, phase or "content", PRELUDE, source)
end

describe("in nginx", function()
  local sim, server

  local function start(locations, options)
    options = options or {}
    sim = simulator.start(options.simulator or { phones = 2000 })
    server = nginx.start {
      main = options.main, http = options.http, workers = options.workers,
      locations = "location = / { return 204; }\n" .. locations,
      environment = options.environment or "GEELARK_TOKEN=simulator GEELARK_BASE_URL=" .. sim.url,
    }
  end

  after_each(function()
    local log, left = server:log(), server:left()
    server:stop()
    sim:stop()
    assert.equal("", log)
    assert.equal("", left)
  end)

  local whole = "say(delete(some(1, 250)))"

  it("a handler deletes, in every phase that can wait", function()
    start(location("/content", whole)
      .. location("/access", "say(delete(some(251, 500))) ngx.exit(200)", "access")
      .. location("/rewrite", "say(delete(some(501, 750))) ngx.exit(200)", "rewrite")
      .. location("/timer", [[
        local over = require("ngx.semaphore").new()
        local result, err
        ngx.timer.at(0, function() result, err = delete(some(751, 1000)) over:post() end)
        over:wait(30)
        say(result, err)]]))
    for _, path in ipairs { "/content", "/access", "/rewrite", "/timer" } do
      assert.equal("250 deleted, 0 failed, 0 unknown, 0 pending", server:get(path))
    end
  end)

  it("wrong arguments and phases that can't wait raise, before anything is sent", function()
    start(location("/ids", "ngx.say(select(2, pcall(delete, { '' })))")
      .. location("/option", "ngx.say(select(2, pcall(delete, { 'a' }, { tokn = 't' })))")
      .. location("/dict", "ngx.say(select(2, pcall(delete, { 'a' }, { shared_dict = 'none' })))")
      .. location("/gsub", [[
        ngx.say(select(2, pcall(string.gsub, "a", "a", function() delete(some(1, 1)) end)))
        ngx.sleep(0.1)]])
      .. location("/phase", "ngx.header.why = select(2, pcall(delete, { 'a' }))", "header_filter")
        :gsub("}%s*$", "return 204; }"))
    assert.equal("bad argument to 'delete' (ids[1]: empty string)", server:get "/ids")
    assert.equal("bad argument to 'delete' (tokn: unknown option, did you mean token?)",
      server:get "/option")
    assert.equal("shared_dict: a lua_shared_dict or its name expected, got none",
      server:get "/dict")
    assert.matches("why: geelark can't wait in the phase header_filter",
      (server:get_with("/phase", "-i")))
    assert.equal("attempt to yield across C-call boundary", (server:get "/gsub"):match "attempt.*")
    assert.equal(0, #sim:state().requests)
  end)

  it("without credentials every id is pending", function()
    start(location("/none", "say(delete({ 'a', 'b' }))"), { environment = "" })
    assert.equal("0 deleted, 0 failed, 0 unknown, 2 pending, config", server:get "/none")
  end)

  it("all requests of a worker share one client's connections and places", function()
    start(location("/some", "local n = tonumber(ngx.var.arg_n) say(delete(some(n, n + 49)))"),
      { simulator = { phones = 1000, plan = "return function() return { delay = 0.02 } end" } })
    local paths = {}
    for i = 1, 20 do paths[i] = "/some?n=" .. i * 50 - 49 end
    for _, page in ipairs(server:get_all(paths)) do
      assert.equal("50 deleted, 0 failed, 0 unknown, 0 pending\n", page)
    end
    local state = sim:state()
    assert.equal(2, state.maxInFlight)
    assert.equal(2, state.connections)
  end)

  -- A client that goes away in the middle of a job of three requests, and what each of its
  -- callbacks finds in a variable of the handler's.
  local function lose_client(checks, around)
    start("lua_check_client_abort " .. checks .. ";\n"
      .. location("/delete", around:format [[
        local mark = "mine"
        delete(some(1, 300), { concurrency = 1, on_progress = function(progress)
          local file = io.open(ngx.config.prefix() .. "progress", "a")
          file:write(progress.successAmount, " ", tostring(mark), "\n")
          file:close()
        end })]])
      .. location("/pid", "ngx.say(ngx.worker.pid())"),
      { simulator = { phones = 300, plan = "return function() return { delay = 0.1 } end" } })
    local worker = server:get "/pid"
    server:get_with("/delete", "--max-time 0.15 2>/dev/null")
    for _ = 1, 10 do server:get "/pid" end -- other requests on its stack
    server:quit()
    server:await_end(worker)
    assert.same({}, sim:state().phones)
    assert.equal(3, #sim:state().requests)
    return server:read "progress"
  end

  local all_told = "100 mine\n200 mine\n300 mine"

  it("a client that goes away stops nothing", function()
    assert.equal(all_told, lose_client("off", "%s"))
  end)

  it("where nginx kills its handler, the job goes on without callbacks", function()
    assert.equal("100 mine", lose_client("on", "%s"))
  end)

  it("a timer's job isn't the client's: it goes on with its callbacks", function()
    assert.equal(all_told, lose_client("on", "ngx.timer.at(0, function() %s end) ngx.sleep(9)"))
  end)

  -- Several jobs are under way; returns their pages to come and the worker's pid.
  local function delete_much(options)
    options.http = "init_worker_by_lua_block { asked = require('ngx.semaphore').new() }"
    options.simulator = { phones = 1200, plan = "return function() return { delay = 0.1 } end" }
    start(location("/delete", [[
        local n = tonumber(ngx.var.arg_n)
        asked:post()
        say(delete(some(n, n + 299)))]])
      .. location("/asked", "for _ = 1, 4 do asked:wait(30) end ngx.say(ngx.worker.pid())")
      .. location("/pid", "ngx.say(ngx.worker.pid())"), options)
    local pages = {}
    for i = 1, 4 do
      pages[i] = assert(io.popen(server:command("/delete?n=" .. i * 300 - 299, "2>&1")))
    end
    return pages, server:get "/asked"
  end

  local function accounts_of(pages)
    for i, page in ipairs(pages) do
      pages[i] = page:read "*a"
      page:close()
    end
    return pages
  end

  local complete = "300 deleted, 0 failed, 0 unknown, 0 pending\n"
  local all_complete = { complete, complete, complete, complete }

  it("a reload in the middle loses no job: the old worker goes on to its end", function()
    local pages, before = delete_much {}
    server:reload()
    assert.same(all_complete, accounts_of(pages))
    assert.not_equal(before, server:get "/pid")
    server:await_end(before)
    assert.equal(12, #sim:state().requests)
  end)

  it("a stop in the middle loses no job, where it is a QUIT", function()
    local pages, worker = delete_much {}
    server:quit()
    assert.same(all_complete, accounts_of(pages))
    server:await_end(worker)
    assert.equal(12, #sim:state().requests)
  end)

  it("worker_shutdown_timeout may take the clients away, but no job", function()
    local pages, worker = delete_much { main = "worker_shutdown_timeout 100ms;" }
    server:reload()
    for _, page in ipairs(accounts_of(pages)) do
      assert.is_truthy(page == complete or page:match "^curl: %(%d+%)", page)
    end
    server:await_end(worker)
    assert.equal(12, #sim:state().requests)
    assert.same({}, sim:state().phones)
  end)

  it("a light thread that is killed while it waits stops nothing", function()
    start(location("/kill", [[
      ngx.say(ngx.thread.kill(ngx.thread.spawn(delete, some(1, 300), { concurrency = 1 })))
      say(delete(some(301, 301), { concurrency = 1 }))]])
      .. location("/pid", "ngx.say(ngx.worker.pid())"))
    local worker = server:get "/pid"
    assert.equal("1\n1 deleted, 0 failed, 0 unknown, 0 pending", (server:get "/kill"))
    server:quit()
    server:await_end(worker)
    assert.equal(4, #sim:state().requests)
  end)

  for what, row in pairs {
    ["raises"] = { "error('no more', 0)", "no more" },
    ["yields"] = { "ngx.sleep(0.01)", "attempt to yield" },
    ["deletes"] = { "delete(some(2, 2))", "geelark can't wait in a callback of a job" },
    ["exits"] = { "ngx.exit(500)", "attempt to yield" },
  } do
    it("a callback that " .. what .. " stops its own job and no other", function()
      start(location("/delete", ([[
        local function go(from, on_progress)
          return ngx.thread.spawn(delete, some(from, from + 299), { on_progress = on_progress })
        end
        local first = go(1, function() %s end)
        local second = go(301)
        local _, _, err = ngx.thread.wait(first)
        ngx.say(err.message:match "%s")
        ngx.say(err.kind, " ", err.result.successAmount + #err.result.pendingIds)
        say(select(2, ngx.thread.wait(second)))]]):format(row[1], row[2])))
      assert.equal(row[2] .. "\ncallback 300\n300 deleted, 0 failed, 0 unknown, 0 pending",
        (server:get "/delete"))
    end)
  end

  it("one after another, jobs leave no descriptor behind", function()
    start(location("/delete", "say(delete(some(ngx.var.arg_n, ngx.var.arg_n)))")
      .. location("/collect", "for _ = 1, 3 do collectgarbage() end")
      .. location("/open", [[
        collectgarbage "stop"
        local pipe, count = io.popen("ls /proc/" .. ngx.worker.pid() .. "/fd"), 0
        for _ in pipe:lines() do count = count + 1 end
        pipe:close()
        ngx.say(count)]]))
    server:get "/delete?n=1"
    server:get "/collect"
    local before = server:get "/open"
    for n = 2, 20 do server:get("/delete?n=" .. n) end
    -- A job's own two are the collector's matter, see /collect.
    assert.is_true(server:get "/open" - before <= 2 * 19)
    server:get "/collect"
    assert.equal(before, server:get "/open")
  end)

  it("clients belong to their options: what contradicts itself raises", function()
    start(location("/both", "ngx.say(select(2, pcall(delete, {}, { shared_dict = 'q', "
        .. "limiter = { take = print, give = print } })))")
      .. location("/client", [[
        local client = geelark.new()
        ngx.say(select(2, pcall(delete, {}, { client = client, shared_dict = "q" })))
        ngx.say(select(2, pcall(delete, {}, { client = client, token = "t" })))
        say(delete(some(1, 100), { client = client }))]]),
      { http = "lua_shared_dict q 1m;" })
    assert.equal("shared_dict: there is a limiter already", server:get "/both")
    assert.equal("shared_dict: belongs to the client, as its limiter\n"
      .. "bad argument to 'delete' (token: belongs to geelark.new)\n"
      .. "100 deleted, 0 failed, 0 unknown, 0 pending", server:get "/client")
  end)

  it("the quota of all workers together stands in a lua_shared_dict", function()
    start(location("/delete", [[
      local n = tonumber(ngx.var.arg_n)
      local result, err = delete({ ids[n] },
        { shared_dict = "quota", requests_per_minute = 7, deadline = 1 })
      ngx.say(ngx.worker.id(), " ", result and "deleted" or err.kind)]]),
      { http = "lua_shared_dict quota 5m;", workers = 2 })
    local paths, workers, answers = {}, {}, {}
    for i = 1, 24 do paths[i] = "/delete?n=" .. i end
    for _, page in ipairs(server:get_all(paths)) do
      local worker, answer = page:match "(%d) (%l+)"
      workers[worker] = true
      answers[answer] = (answers[answer] or 0) + 1
    end
    assert.same({ deleted = 7, deadline = 17 }, answers)
    assert.same({ ["0"] = true, ["1"] = true }, workers)
    assert.equal(7, #sim:state().requests)
  end)
end)

describe("the README's nginx.conf", function()
  for _, block in ipairs(readme.blocks "nginx") do
    it("deletes what line " .. block.line .. " says", function()
      local options = readme.options(block)
      local sim = simulator.start(options)
      local server = nginx.start { page = block.source,
        environment = "GEELARK_TOKEN=simulator GEELARK_BASE_URL=" .. sim.url }
      local ids = table.concat(require("geelark.simulator").ids(options.phones), "\n")
      local file = server.directory:write("ids.txt", ids .. "\n")
      local page, log = server:get_with("/phones/delete", "--data-binary @" .. file), server:log()
      server:stop()
      sim:stop()
      assert.equal("", log)
      assert.equal(block.prints, page)
    end)
  end
end)

describe("in nginx that logs", function()
  local sim, server

  local function start(http, locations)
    sim = simulator.start { phones = 500 }
    server = nginx.start { http = http,
      locations = "location = / { return 204; }\n" .. locations,
      environment = "GEELARK_TOKEN=simulator GEELARK_BASE_URL=" .. sim.url }
  end

  after_each(function()
    server:stop()
    sim:stop()
  end)

  local whole = "250 deleted, 0 failed, 0 unknown, 0 pending"

  it("without a thread to wait in jobs are stepped by time, and the log says so once", function()
    start([[init_by_lua_block { require("geelark.core").waker = function()
        return nil, "not today" end }]],
      location("/delete", "say(delete(some(ngx.var.arg_n, ngx.var.arg_n + 249)))"))
    assert.equal(whole, server:get "/delete?n=1")
    assert.equal(whole, server:get "/delete?n=251")
    local log = server:log()
    assert.matches("jobs are stepped every 2 ms: not today", log, 1, true)
    assert.equal(1, select(2, log:gsub("[^\n]+", "")))
  end)

  it("a job that gets no running timer waits for one", function()
    start("lua_max_running_timers 1;", location("/delete", [[
      local free = require("ngx.semaphore").new()
      ngx.timer.at(0, function() free:wait(1.5) end)
      say(delete(some(1, 250)))]]))
    assert.equal(whole, server:get "/delete")
    assert.matches("lua_max_running_timers are not enough", server:log())
  end)

  it("a job that gets no timer at all raises, and nothing was sent", function()
    start("lua_max_pending_timers 1;", location("/delete", [[
      ngx.timer.at(1000, function() end)
      ngx.timer.at(1000, function() end)
      ngx.say(select(2, pcall(delete, some(1, 250))))]]))
    assert.equal("nginx gives no timer to run the job in: too many pending timers",
      (server:get "/delete"):match "nginx gives.*")
    assert.equal(0, #sim:state().requests)
  end)
end)
