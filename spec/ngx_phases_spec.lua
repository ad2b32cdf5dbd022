-- In nginx, where a handler can't wait: the message says so, and names the way out.

local jobs = require "spec.support.nginx_jobs"

local location = jobs.location

-- Keeps what a delete raises in a phase without a request of its own.
local TRY = [[
  local _, why = pcall(require("geelark.loop.ngx").delete, { "a1" })
  package.loaded.trouble = package.loaded.trouble or {}
  package.loaded.trouble[ngx.get_phase()] = why
]]

local IN_A_TIMER = "; what helps: delete in a timer, ngx.timer.at(0, function() ... end)"

describe("in nginx, delete", function()
  local sim, server

  after_each(function()
    local log, requests = server:log(), #sim:state().requests
    server:stop()
    sim:stop()
    assert.equal("", log)
    assert.equal(0, requests)
  end)

  it("raises in the phases of a request that can't wait, and names the way out", function()
    local asked = {}
    for _, phase in ipairs { "header_filter", "body_filter", "log" } do
      asked[#asked + 1] = location("/" .. phase, TRY, phase, "return 200 text;")
    end
    server, sim = jobs.start(table.concat(asked)
      .. location("/set", "ngx.say(ngx.var.why)", "content",
        ("set_by_lua_block $why { %s return why }"):format(TRY))
      .. location("/why", "ngx.say(package.loaded.trouble[ngx.var.arg_phase])"))
    for _, phase in ipairs { "header_filter", "body_filter", "log", "set" } do
      server:get("/" .. phase)
      assert.equal("geelark can't wait in the phase " .. phase .. IN_A_TIMER,
        server:get("/why?phase=" .. phase))
    end
  end)

  it("raises before the workers run and when they begin, and names the way out", function()
    server, sim = jobs.start(location("/why", "ngx.say(package.loaded.trouble[ngx.var.arg_phase])"),
      { http = ("init_by_lua_block { %s }\ninit_worker_by_lua_block { %s }"):format(TRY, TRY) })
    assert.equal("geelark can't wait in the phase init_worker" .. IN_A_TIMER,
      server:get "/why?phase=init_worker")
    assert.equal("geelark can't wait in the phase init; what helps: delete in a timer that "
      .. "init_worker_by_lua starts by ngx.timer.at", server:get "/why?phase=init")
  end)
end)

describe("in nginx, the way out is one:", function()
  local DELETE = [[
    ngx.timer.at(0, function()
      local some = require("geelark.simulator.phones").ids(100)
      package.loaded.result = assert(require("geelark.loop.ngx").delete(some))
      package.loaded.over:post()
    end)]]
  local OVER = "package.loaded.over = package.loaded.over or require('ngx.semaphore').new() "

  for phase, options in pairs {
    header_filter = {}, log = {},
    init_worker = { http = ("init_worker_by_lua_block { %s %s }"):format(OVER, DELETE) },
  } do
    it("a timer that is started in " .. phase .. " deletes", function()
      local in_phase = options.http and ""
        or location("/start", OVER .. DELETE, phase, "return 204;")
      local server, sim = jobs.start(in_phase .. location("/over", OVER .. [[
        package.loaded.over:wait(30)
        say(package.loaded.result)]]), options)
      if not options.http then server:get "/start" end
      local page, log = server:get "/over", server:log()
      server:stop()
      sim:stop()
      assert.equal("", log)
      assert.equal("100 deleted, 0 failed, 0 unknown, 0 pending", page)
    end)
  end
end)
