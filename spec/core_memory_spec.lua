-- An allocation that the core itself makes, outside of Lua's memory, and that fails: a memory
-- error or a true account, and nothing is lost. Of Lua's own allocations: leaks_spec.lua.

local native = require "spec.support.native"
local environment = native "environment"
require "geelark" -- the core has to be loaded before its allocations can fail

-- What every script begins with: a service in memory and a clock that jumps.
local prelude = [[
  local core = require "geelark.core"
  local now, asked = 0, 0
  local function clock(seed)
    return { now = function() return now end, sleep = function(s) now = now + s end, seed = seed }
  end
  local function envelope(n, details, failed)
    return ('{"code":0,"data":{"totalAmount":%d,"successAmount":%d,"failAmount":%d,'
      .. '"failDetails":[%s]}}'):format(n, n - failed, failed, details)
  end
  local function list(n)
    local ids = {}
    for i = 1, n do ids[i] = ("52808632178%07d"):format((i * 7919) % 9999991) end
    return ids
  end
  local function is_true(result, err)
    result = result or err.result
    return result.totalAmount == result.successAmount + result.failAmount
      + #result.unknownIds + #result.pendingIds
  end
]]

local scenarios = {
  { "a call with lost answers, halving and stops", 20, [[
    local ids = list(7)
    local options = { token = "t", chunk_size = 3, stop_started = true,
      on_progress = function() end, on_event = function() end, clock = clock(1),
      transport = function(request)
        asked = asked + 1
        if asked == 1 then return 502, "x" end
        if request.path:find "stop$" then return 200, envelope(#request.ids, "", 0) end
        if request.path:find "status$" then
          return 200, (envelope(#request.ids, "", 0):gsub("failDetails",
            'successDetails":[{"id":"' .. request.ids[1] .. '","status":2}],"%0'))
        end
        if asked == 3 then return 200, '{"code":40004,"msg":"m"}' end
        return 200, envelope(#request.ids, '{"code":43009,"id":' .. request.ids[1]
          .. ',"msg":"started"}', 1)
      end }
    return function() return is_true(core.delete(ids, options)) end
  ]] },
  { "a call with an app's key and a proxy", 5, [[
    local options = { app_id = "app", api_key = "a key of a spec", clock = clock(1),
      base_url = "https://example.com", proxy = "http://name:pass%20word@127.0.0.1:1",
      transport = function(request) return 200, envelope(#request.ids, "", 0) end }
    return function() return is_true(core.delete({ "a1", "a2" }, options)) end
  ]] },
  { "a request over the network", 5, [[
    local options = { token = "t", base_url = "http://127.0.0.1:1", ca_file = "/dev/null",
      attempts = 1, clock = clock(1) }
    return function() return is_true(core.delete({ "a1" }, options)) end
  ]] },
  { "a job that is watched, cancelled and closed", 5, [[
    local options = { token = "t", base_url = "http://127.0.0.1:1", chunk_size = 1,
      attempts = 1, clock = clock(1) }
    return function()
      local client = core.new(options)
      local job = client:start({ "a1", "a2", "a3" })
      job:pollfd()
      job:step()
      job:cancel()
      repeat until job:step(1)
      client:close()
      return is_true(job:result())
    end
  ]] },
  { "a call that reads an iterator", 5, [[
    local ids = list(300)
    local options = { token = "t", clock = clock(1),
      transport = function(request) return 200, envelope(#request.ids, "", 0) end }
    return function()
      local i = 0
      return is_true(core.delete(function()
        i = i + 1
        return ids[i]
      end, options))
    end
  ]] },
  { "a call whose client comes from the environment", 5, [[
    return function() return is_true(core.delete({ "a1" }, { attempts = 1 })) end
  ]] },
  { "going on with what is left", 10, [[
    local ids = list(40)
    local answers = 0
    local options = { token = "t", chunk_size = 10, attempts = 1, clock = clock(1),
      transport = function(request)
        answers = answers + 1
        if answers == 2 then return 502, "" end
        return 200, envelope(#request.ids, "", 0)
      end }
    return function()
      local _, err = core.delete(ids, options)
      return err ~= nil and is_true(core.resume(err, options))
    end
  ]] },
}

describe("without memory for the core,", function()
  setup(function()
    environment("GEELARK_TOKEN", "t")
    environment("GEELARK_BASE_URL", "http://127.0.0.1:1")
  end)
  teardown(function()
    environment "GEELARK_TOKEN"
    environment "GEELARK_BASE_URL"
  end)

  for _, scenario in ipairs(scenarios) do
    for _, mode in ipairs { "once", "from then on" } do
      it(scenario[1] .. " raises a memory error or has a true account, and leaks nothing ("
        .. mode .. ")", function()
        local points, wrong = native "failing_allocator"(prelude .. scenario[3], package.cpath,
          mode == "from then on", true)
        assert.is_nil(wrong)
        assert.is_true(points >= scenario[2], points .. " points")
      end)
    end
  end
end)
