-- The driver for OpenResty, in nginx with its Lua module.

local jobs = require "spec.support.nginx_jobs"

local location = jobs.location

describe("in nginx", function()
  local sim, server

  local function start(locations, options)
    server, sim = jobs.start(locations, options)
  end

  after_each(function()
    local log = server:log()
    server:stop()
    sim:stop()
    assert.equal("", log)
  end)

  it("a handler deletes, in every phase that can wait", function()
    start(location("/content", "say(delete(some(1, 250)))")
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

  it("wrong arguments, and places that can't wait, raise before anything is sent", function()
    start(location("/ids", "ngx.say(select(2, pcall(delete, { '' })))")
      .. location("/option", "ngx.say(select(2, pcall(delete, { 'a1' }, { tokn = 't' })))")
      .. location("/token", "ngx.say(select(2, pcall(delete, { 'a1' }, { token = 1 })))")
      .. location("/dict", "ngx.say(select(2, pcall(delete, { 'a1' }, { shared_dict = 'none' })))")
      .. location("/gsub", [[
        ngx.say(select(2, pcall(string.gsub, "a1", "a1", function() delete(some(1, 1)) end)))
        while ngx.timer.running_count() + ngx.timer.pending_count() > 0 do ngx.sleep(0.001) end]]))
    assert.equal("bad argument to 'delete' (ids[1]: empty string)", server:get "/ids")
    assert.equal("bad argument to 'delete' (tokn: unknown option, did you mean token?)",
      server:get "/option")
    assert.equal("bad argument to 'delete' (token: string expected, got number)",
      server:get "/token")
    assert.equal("shared_dict: a lua_shared_dict or its name expected, got none",
      server:get "/dict")
    assert.equal("attempt to yield across C-call boundary", (server:get "/gsub"):match "attempt.*")
    assert.equal(0, #sim:state().requests)
  end)

  it("an iterator that yields to the worker is read to its end", function()
    start(location("/ids", [[
      local ids, i = some(1, 3), 0
      say(delete(function()
        ngx.sleep(0.001)
        i = i + 1
        return ids[i]
      end))]]))
    assert.equal("3 deleted, 0 failed, 0 unknown, 0 pending", server:get "/ids")
    assert.equal(1, #sim:state().requests)
  end)

  it("without credentials every id is pending", function()
    start(location("/none", "say(delete({ 'a1', 'b1' }))"), { environment = "" })
    assert.equal("0 deleted, 0 failed, 0 unknown, 2 pending, config", server:get "/none")
  end)

  it("all requests of a worker share one client's connections and places", function()
    start(location("/some", "local n = tonumber(ngx.var.arg_n) say(delete(some(n, n + 49)))"),
      { simulator = { phones = 1000, plan = { { delay = 3 } } } }) -- so others come meanwhile
    local paths = {}
    for i = 1, 20 do paths[i] = "/some?n=" .. i * 50 - 49 end
    for _, page in ipairs(server:get_all(paths)) do
      assert.equal("50 deleted, 0 failed, 0 unknown, 0 pending\n", page)
    end
    local state = sim:state()
    assert.equal(2, state.maxInFlight)
    assert.equal(2, state.connections)
  end)

  -- Counts in `count` how often jobs are stepped.
  local COUNT = [[
    local methods = debug.getmetatable(geelark.start({}, {})).__index
    local step, count = methods.step, 0
    methods.step = function(...) count = count + 1 return step(...) end
  ]]

  it("a job is stepped every 5 ms while its request is in flight", function()
    start(location("/delete", COUNT .. [[
      local request = delete(some(1, 1)).requests[1]
      ngx.say(count >= 2 and count <= request.seconds / 0.005 + 10, " ", count)]]),
      { simulator = { phones = 1, plan = { { delay = 0.5 } } } })
    assert.matches("^true", server:get "/delete")
  end)

  it("a job that waits for time alone is left alone, and without jobs no timer runs", function()
    start(location("/delete", COUNT .. [[
      local asked, steps = 0, nil
      local limiter = { give = function() end, take = function()
        asked = asked + 1
        if asked == 2 then
          count = 0
          return nil, 0.5
        end
        if asked == 3 then steps = count end
        return true
      end }
      say(delete(some(1, 2), { chunk_size = 1, concurrency = 1, limiter = limiter }))
      ngx.say(steps <= 5)
      while ngx.timer.running_count() + ngx.timer.pending_count() > 0 do ngx.sleep(0.001) end]]))
    assert.equal("2 deleted, 0 failed, 0 unknown, 0 pending\ntrue", server:get "/delete")
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
    server:get "/collect"
    local more = server:get "/open" - before
    assert.is_true(more <= 2, more .. " descriptors") -- our own connections, not closed yet
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
    local limits = "{ shared_dict = 'quota', requests_per_minute = 24, chunk_size = 1, "
      .. "concurrency = 64 }"
    start(location("/delete", "say(delete(some(1, 7), " .. limits .. "))")
      .. location("/take", "local limiter = require('geelark.loop.ngx.quota')(" .. limits .. ") "
        .. "local taken = limiter.take(60, '/open/v1/phone/delete') "
        .. "ngx.say(ngx.worker.id(), ' ', taken and 'taken' or 'none left')"),
      { http = "lua_shared_dict quota 5m;", workers = 2 })
    assert.equal("7 deleted, 0 failed, 0 unknown, 0 pending", server:get "/delete")
    local paths, workers, answers = {}, {}, {}
    for i = 1, 40 do paths[i] = "/take" end
    for _, page in ipairs(server:get_all(paths)) do
      local worker, answer = page:match "^(%d) (.*)\n$"
      workers[worker] = true
      answers[answer] = (answers[answer] or 0) + 1
    end
    assert.same({ taken = 17, ["none left"] = 23 }, answers)
    assert.same({ ["0"] = true, ["1"] = true }, workers)
  end)

  it("the concurrency of all workers together stands there, too", function()
    start(location("/delete", [[
      local n = tonumber(ngx.var.arg_n)
      say(delete(some(n, n + 3), { shared_dict = "quota", chunk_size = 1,
        concurrency = 3 }))
      ngx.say(ngx.worker.id())]]),
      { http = "lua_shared_dict quota 5m;", workers = 2,
        simulator = { phones = 200, plan = "return function() return { delay = 0.02 } end" } })
    local paths, workers = {}, {}
    for i = 1, 40 do paths[i] = "/delete?n=" .. i * 4 - 3 end
    for _, page in ipairs(server:get_all(paths)) do
      workers[page:match "^4 deleted, 0 failed, 0 unknown, 0 pending\n(%d)\n$"] = true
    end
    assert.same({ ["0"] = true, ["1"] = true }, workers)
    assert.equal(3, sim:state().maxInFlight)
  end)

  it("each call has the concurrency that it asks for, also where workers share", function()
    start(location("/delete", [[
      local n = tonumber(ngx.var.arg_n)
      say(delete(some(n, n + 9), { shared_dict = "quota", chunk_size = 1,
        concurrency = tonumber(ngx.var.arg_most) }))]]),
      { http = "lua_shared_dict quota 5m;",
        simulator = { phones = 200, plan = "return function() return { delay = 0.02 } end" } })
    for i, most in ipairs { 1, 3 } do
      assert.equal("10 deleted, 0 failed, 0 unknown, 0 pending",
        server:get(("/delete?n=%d&most=%d"):format(i * 10, most)))
      assert.equal(most, sim:state().maxInFlight)
    end
  end)
end)
