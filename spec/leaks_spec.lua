-- Nothing is left behind: no descriptor, no memory, no global; and no allocation that fails
-- does more than to raise Lua's own memory error.

local descriptors = require "spec.support.descriptors"
local collect = require "spec.support.collect"
local geelark = require "geelark"
local native = require "spec.support.native"
local shell = require "spec.support.shell"
local start = require("spec.support.simulator").start

describe("after many jobs", function()
  it("no descriptor is left", function()
    local sim = start { phones = 0 }
    -- In a coroutine, whose stack keeps nothing for longer than it lives.
    local function once()
      coroutine.wrap(function()
        geelark.delete({ "1" }, { token = "simulator", base_url = sim.url })
        local job = geelark.start({ "1" }, { token = "simulator", base_url = sim.url })
        job:pollfd()
        job:step()
      end)()
    end
    once()
    collect()
    local before = descriptors()
    for _ = 1, 50 do once() end
    collect()
    -- Fewer, where the collector closes what another spec had dropped.
    assert.is_true(descriptors() <= before)
    sim:stop()
  end)

  it("Lua's memory is what it was", function()
    -- In a process of its own, where nothing else allocates.
    local script = [[
      if rawget(_G, "jit") then jit.off() end -- its traces are memory, too
      local geelark = require "geelark"
      local service = require "spec.support.service"
      local function many(n)
        for _ = 1, n do
          local options = service.options({ { 502, "" }, service.success }, { chunk_size = 7 })
          assert(geelark.delete(service.ids(50), options))
        end
        require "spec.support.collect"()
        return collectgarbage "count"
      end
      -- The table of strings may grow once, what is lost grows each time.
      local first, second, third = many(1000), many(1000), many(1000)
      print(math.min(second - first, third - second))
    ]]
    local pipe = assert(io.popen(shell.run_lua(script)))
    local more = pipe:read "*n"
    pipe:close()
    assert.is_true(more < 1, more .. " KB")
  end)

  it("answers that can't be decoded have left no memory behind", function()
    local script = [[
      local geelark = require "geelark"
      local footprint = require "spec.support.native" "footprint"
      local service = require "spec.support.service"
      local n = 0
      local function many(jobs)
        for _ = 1, jobs do
          local options = service.options(service.success, { attempts = 5 })
          function options.transport()
            n = n + 1
            return 502, ('{"msg":"%d%s",}'):format(n, ("x"):rep(1e6))
          end
          geelark.delete({ "d1" }, options)
        end
        require "spec.support.collect"()
        return (footprint())
      end
      local before = many(4)
      print((many(40) - before) / 1e6)
    ]]
    local pipe = assert(io.popen(shell.run_lua(script)))
    local more = pipe:read "*n"
    pipe:close()
    assert.is_true(more < 50, more .. " MB") -- of the 200 MB that came
  end)
end)

it("no module touches a global", function()
  local known = {}
  for name in pairs(_G) do known[name] = true end
  for _, name in ipairs { "geelark", "geelark.codes", "geelark.failures", "geelark.core",
    "geelark.simulator" } do
    local loaded = package.loaded[name]
    package.loaded[name] = nil
    require(name)
    package.loaded[name] = loaded
  end
  for name in pairs(_G) do assert.is_true(known[name], tostring(name)) end
end)

describe("an allocation that fails", function()
  local script = [[
    local core = require "geelark.core"
    local function envelope(n, details, failed)
      return ('{"code":0,"data":{"totalAmount":%d,"successAmount":%d,"failAmount":%d,'
        .. '"failDetails":[%s]}}'):format(n, n - failed, failed, details)
    end
    local ids = {}
    for i = 1, STOP and 4 or 7 do ids[i] = "5280863217895352" .. (10 + i) end
    -- All closures are made before: LuaJIT itself loses bytes where making one fails.
    local now, n = 0, 0
    local options = { token = "t", chunk_size = 3, stop_started = STOP,
      on_progress = function() end, on_event = function() end,
      transport = function(request)
        n = n + 1
        if n == 1 then return 502, "x" end
        if request.path:find "stop$" then return 200, envelope(#request.ids, "", 0) end
        if request.path:find "status$" then
          return 200, (envelope(#request.ids, "", 0):gsub("failDetails", 'successDetails":[{"id":"'
            .. request.ids[1] .. '","status":2}],"%0'))
        end
        if n == 3 then return 200, '{"code":40004,"msg":"m"}' end
        return 200, envelope(#request.ids, '{"code":43009,"id":' .. request.ids[1]
          .. ',"msg":"started"}', 1)
      end,
      clock = { now = function() return now end, sleep = function(s) now = now + s end, seed = 1 } }
    return function()
      local result, err = core.delete(ids, options)
      result = result or err.result
      return result.totalAmount == result.successAmount + result.failAmount
        + #result.unknownIds + #result.pendingIds
    end
  ]]

  for i, mode in ipairs { "once", "from then on", "once, with stop_started" } do
    it("(" .. mode .. ") raises a memory error or leaves a true account, and leaks nothing",
      function()
        local sweep = native "failing_allocator"
        local points, wrong = sweep((script:gsub("STOP", tostring(i == 3))), package.cpath, i == 2)
        assert.is_nil(wrong)
        assert.is_true(points > 100, points .. " points")
      end)
  end

  it("in job:result costs nothing of the account, which comes with the next call", function()
    local points, wrong = native "failing_allocator"([[
      local core = require "geelark.core"
      local options = { token = "t", chunk_size = 2, on_event = function() end,
        transport = function() return 200, '{"code":12345}' end,
        clock = { now = function() return 0 end, seed = 1 } }
      local job = core.start({ "a1", "a2", "a3", "a4", "a5" }, options)
      while not job:step() do end
      return function()
        local ran, result, err = pcall(job.result, job)
        if not ran then result, err = job:result() end
        local count = 0
        for _ in core.outcomes(err) do count = count + 1 end
        return result == nil and count == 5
          and #err.result.unknownIds + #err.result.pendingIds == 5
      end
    ]], package.cpath, false)
    assert.is_nil(wrong)
    assert.is_true(points > 20, points .. " points")
  end)

  -- The collector runs deep down, where the call of a finaliser needs memory; a Lua that finds none
  -- frees the value without it.
  it("in a finaliser of a job leaves nothing of it to its client", function()
    local points, wrong = native "failing_allocator"([[
      local core = require "geelark.core"
      local client = core.new { token = "t", base_url = "http://127.0.0.1:9" }
      local start, pcall, collect = client.start, pcall, collectgarbage
      local memory_returns = memory_returns
      local ids = { "a1" }
      local function deep(n)
        if n > 0 then local done = deep(n - 1) return done end
        collect()
        return true
      end
      return function()
        start(client, ids)
        local done, why = pcall(deep, 60)
        pcall(collect)
        memory_returns()
        client:close()
        return done or error(why, 0)
      end
    ]], package.cpath, true)
    assert.is_nil(wrong)
    assert.is_true(points > 10, points .. " points")
  end)

  it("costs the caller's limiter no place", function()
    local _, wrong = native "failing_allocator"([[
      local core = require "geelark.core"
      local now, taken = 0, 0
      local options = { token = "t", chunk_size = 1,
        limiter = {
          take = function() taken = taken + 1 return taken end,
          give = function() taken = taken - 1 end,
        },
        transport = function() return nil, "gone", false end,
        clock = { now = function() return now end, seed = 1 } }
      return function()
        local job = core.start({ "1", "2", "3" }, options)
        for _ = 1, 100 do
          now = now + 20
          local ran, done = pcall(job.step, job)
          if ran and done then break end
        end
        return taken == 0
      end
    ]], package.cpath, false)
    assert.is_nil(wrong)
  end)
end)
