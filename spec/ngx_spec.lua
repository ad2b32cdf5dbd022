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
      environment = "GEELARK_TOKEN=simulator GEELARK_BASE_URL=" .. sim.url,
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
end)
