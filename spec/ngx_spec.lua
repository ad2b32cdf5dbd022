-- The driver for OpenResty, in nginx with its Lua module.

local nginx = require "spec.support.nginx"
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
      http = options.http, workers = options.workers,
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
      .. location("/phase", "ngx.header.why = select(2, pcall(delete, { 'a' }))", "header_filter")
        :gsub("}%s*$", "return 204; }"))
    assert.equal("bad argument to 'delete' (ids[1]: empty string)", server:get "/ids")
    assert.equal("bad argument to 'delete' (tokn: unknown option, did you mean token?)",
      server:get "/option")
    assert.equal("shared_dict: a lua_shared_dict or its name expected, got none",
      server:get "/dict")
    assert.matches("why: geelark can't wait in the phase header_filter",
      (server:get_with("/phase", "-i")))
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

  for _, checks in ipairs { "on", "off" } do
    it("a client that goes away stops nothing, lua_check_client_abort " .. checks, function()
      start("lua_check_client_abort " .. checks .. ";\n"
        .. location("/delete", [[
          delete(some(1, 300), { concurrency = 1, on_progress = function(progress)
            if progress.pendingAmount == 0 then ended:post() end
          end })]])
        .. location("/ended", "ended:wait(30) ngx.say 'ended'"),
        { http = "init_worker_by_lua_block { ended = require('ngx.semaphore').new() }",
          simulator = { phones = 300, plan = "return function() return { delay = 0.1 } end" } })
      server:get_with("/delete", "--max-time 0.15 2>/dev/null")
      assert.equal("ended", server:get "/ended")
      assert.same({}, sim:state().phones)
    end)
  end

  it("a reload in the middle loses no job: the old worker goes on to its end", function()
    start(location("/delete", "asked:post() say(delete(some(1, 1000), { concurrency = 1 }))")
      .. location("/asked", "asked:wait(30) ngx.say(ngx.worker.pid())")
      .. location("/pid", "ngx.say(ngx.worker.pid())"),
      { http = "init_worker_by_lua_block { asked = require('ngx.semaphore').new() }",
        simulator = { phones = 1000, plan = "return function() return { delay = 0.1 } end" } })
    local under_way = assert(io.popen(server:command "/delete"))
    local before = server:get "/asked"
    server:reload()
    assert.equal("1000 deleted, 0 failed, 0 unknown, 0 pending\n", under_way:read "*a")
    under_way:close()
    assert.not_equal(before, server:get "/pid")
    assert.equal(10, #sim:state().requests)
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

describe("in nginx without a thread to wait in", function()
  it("jobs are stepped by time, and the log says so once a run", function()
    local sim = simulator.start { phones = 250 }
    local server = nginx.start {
      http = [[init_by_lua_block { require("geelark.core").waker = function()
        return nil, "not today" end }]],
      locations = "location = / { return 204; }\n"
        .. location("/delete", "say(delete(some(1, 250)))"),
      environment = "GEELARK_TOKEN=simulator GEELARK_BASE_URL=" .. sim.url,
    }
    local page, log = server:get "/delete", server:log()
    server:stop()
    sim:stop()
    assert.equal("250 deleted, 0 failed, 0 unknown, 0 pending", page)
    assert.matches("jobs are stepped every 2 ms: not today", log, 1, true)
    assert.equal(1, select(2, log:gsub("\n?[^\n]+", "")))
  end)
end)
