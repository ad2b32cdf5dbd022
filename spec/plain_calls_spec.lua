-- Calls that give no option of a client's share one: its connections and its quota.

local collect = require "spec.support.collect"
local core = require "geelark.core"
local finaliser = require "spec.support.finaliser"
local native = require "spec.support.native"
local geelark = require "geelark"
local phones = require("geelark.simulator").ids
local played = require "spec.support.played"
local service = require "spec.support.service"
local shell = require "spec.support.shell"
local simulator = require "spec.support.simulator"

local environment, fork = native "environment", native "fork"

local variables = { "GEELARK_TOKEN", "GEELARK_APP_ID", "GEELARK_API_KEY", "GEELARK_BASE_URL",
  "GEELARK_CA_FILE", "https_proxy", "no_proxy" }

-- The environment for the simulator or the played server at this URL.
local function point_to(url)
  environment("GEELARK_BASE_URL", url)
  environment("GEELARK_TOKEN", "simulator")
end

describe("calls without options of a client's", function()
  local sim
  before_each(function()
    sim = simulator.start { phones = 500 }
    point_to(sim.url)
  end)
  after_each(function()
    sim:stop()
    for _, name in ipairs(variables) do environment(name) end
  end)

  it("keep their connection", function()
    for i = 1, 20 do
      local result = assert(geelark.delete({ phones(20)[i] }, { chunk_size = 3 }))
      assert.equal(1, result.successAmount)
    end
    local job = geelark.start { phones(21)[21] }
    while not job:step(1) do assert.equal(1, job:progress().totalAmount) end
    assert.equal(1, assert(job:result()).successAmount)
    assert.equal(1, sim:state().connections)
  end)

  it("have one client also where a finaliser makes the first call in the midst of another's",
    function()
      local ids, others, made = { phones(1)[1] }, { phones(2)[2] }, 0
      -- A whole collection at the next allocation, and so in the midst of the call; just one, since
      -- it takes long where many specs ran before.
      local mode = _VERSION == "Lua 5.4" and collectgarbage("incremental", 0, 1000, 63)
      local pause = collectgarbage("setpause", 0)
      local multiplier = collectgarbage("setstepmul", mode and 1000 or 1e6)
      collectgarbage()
      local function collect_as_before()
        if mode then collectgarbage("incremental", 0, 0, 13) collectgarbage(mode) end
        collectgarbage("setpause", pause)
        collectgarbage("setstepmul", multiplier)
      end
      finally(collect_as_before)
      local held = { finaliser(function()
        collect_as_before()
        made = made + 1
        assert.equal(1, assert(geelark.delete(others)).successAmount)
      end) }
      held[1] = nil
      assert.equal(1, assert(core.delete(ids)).successAmount)
      assert.same({ {}, 1 }, { held, made })
      assert.equal(1, assert(geelark.delete(ids)).failAmount)
      assert.equal(1, sim:state().connections)
    end)

  it("share the quota, jobs and deletes alike", function()
    assert(geelark.delete(phones(150), { chunk_size = 1 }))
    local one, other = geelark.start({ "1" }), geelark.start({ "2" }, {})
    assert.equal(0, one:progress().waiting)
    assert(geelark.delete(phones(50), { chunk_size = 1 }))
    assert.is_true(one:progress().waiting > 0 and other:progress().waiting > 0)
    local new = geelark.start { "3" }
    assert.is_true(new:progress().waiting > 0)
    assert.is_false(new:step())
    assert.equal(200, #sim:state().requests)
  end)

  it("leave the client to the others when one ends, is closed or dropped", function()
    local ids = phones(4)
    local first, second = geelark.start { ids[1] }, geelark.start { ids[2] }
    while not first:step(1) do second:step() end
    assert(first:result())
    debug.getmetatable(first).__close(first)
    geelark.start({ ids[3] }):step()
    collect()
    while not second:step(1) do assert.equal(0, second:progress().failAmount) end
    assert.equal(1, assert(second:result()).successAmount)
    assert.equal(1, assert(geelark.delete { ids[4] }).successAmount)
  end)

  -- Whether a plain call has still to do with the requests of an earlier one.
  local function is_shared(options)
    local job = geelark.start({ "1" }, options)
    return job:progress().waiting > 0
  end

  local function use_up()
    local left = 200 - #sim:state().requests
    geelark.delete(phones(left), { chunk_size = 1 })
    assert.is_true(is_shared())
  end

  it("have a client of their own where they give any of them", function()
    use_up()
    local values = { token = "simulator", app_id = "a", api_key = "k", base_url = sim.url,
      ca_file = "/dev/null", proxy = "http://127.0.0.1:9", requests_per_minute = 200,
      requests_per_hour = false, clock = {}, transport = service.success,
      limiter = { take = function() return 1 end, give = function() end } }
    for name, value in pairs(values) do assert.is_false(is_shared { [name] = value }, name) end
    for name in pairs(core.client_options) do assert.not_nil(values[name], name) end
    assert.is_true(is_shared { chunk_size = 1, concurrency = 3, timeout = 9,
      connect_timeout = 3, attempts = 2, deadline = 100, on_event = print, on_progress = print })
  end)

  it("look at the environment again where it has changed", function()
    for _, name in ipairs(variables) do
      use_up()
      environment(name, ({ GEELARK_BASE_URL = sim.url .. "/", GEELARK_CA_FILE = "README.md" })[name]
        or "other")
      assert.is_false(is_shared(), name)
      environment(name)
      point_to(sim.url)
      sim:stop()
      sim = simulator.start { phones = 500 }
      point_to(sim.url)
    end
  end)

  it("keep no fault of the environment", function()
    environment "GEELARK_TOKEN"
    for _ = 1, 2 do
      local _, err = geelark.delete { "1" }
      assert.equal("config", err.kind)
      assert.equal("config", select(2, geelark.delete({ "1" }, { chunk_size = 5 })).kind)
    end
    environment("GEELARK_TOKEN", "simulator")
    assert.equal(1, assert(geelark.delete(phones(1))).successAmount)
  end)

  it("raise for wrong arguments, and share the client still", function()
    use_up()
    assert.has_error(function() geelark.delete({ "1" }, { chunk_size = 0 }) end,
      "bad argument #2 to 'delete' (chunk_size: whole number from 1 to 100 expected, got 0)")
    assert.has_error(function() geelark.delete({ "1" }, { tokn = "t" }) end,
      "bad argument #2 to 'delete' (tokn: unknown option, did you mean token?)")
    assert.has_error(function() geelark.start({ "1" }, "no") end)
    assert.has_error(function() geelark.start({ false }, {}) end)
    assert.is_true(is_shared())
  end)

  it("work in the child of a fork, on a client of its own", function()
    local ids = phones(3)
    assert(geelark.delete { ids[1] })
    local told = fork(function()
      local result = geelark.delete { ids[2] }
      collect()
      return result and result.successAmount == 1
    end)
    assert.is_true(told)
    assert(geelark.delete { ids[3] })
    assert.equal(2, sim:state().connections)
  end)

  it("share nothing with the child of a fork", function()
    use_up()
    assert.is_true(fork(function() return not is_shared() end))
    assert.is_true(is_shared())
  end)
end)

describe("the shared client", function()
  after_each(function()
    for _, name in ipairs(variables) do environment(name) end
  end)

  it("goes on in the parent where a child's collector takes it", function()
    local server = played()
    finally(function() server:close() end)
    point_to(server.url)
    local job = geelark.start { "1" }
    job:pollfd()
    local connection = server:accept(job)
    connection:read(job)
    assert.is_true(fork(function()
      job = nil
      environment("GEELARK_TOKEN", "other")
      geelark.start({ "1" }, { dry_run = true }):step()
      collect()
      return true
    end))
    connection:answer(200, service.envelope(0, 1, {}))
    while not job:step(1) do assert.equal(1, job:progress().inFlight) end
    assert.equal(1, assert(job:result()).successAmount)
    assert.is_false(server:is_waited_for())
  end)

  for _, onwards in ipairs { false, true } do
    it("is made whole or not at all where memory runs out, " ..
      (onwards and "for good" or "once"), function()
      point_to "http://127.0.0.1:9"
      local points, wrong = native "failing_allocator"([[
        local core = require "geelark.core"
        return function()
          for _ = 1, 2 do
            local job = core.start({ "1" }, { dry_run = true })
            while not job:step() do end
            if job:result().totalAmount ~= 1 then return false end
          end
          return true
        end
      ]], package.cpath, onwards)
      assert.is_nil(wrong)
      assert.is_true(points > 20)
    end)
  end

  -- What a script does last, in a state that is closed then.
  local ends = {
    ["after a delete"] = [[geelark.delete(ids)]],
    ["with jobs under way"] = [[
      for i = 1, 5 do
        jobs[i] = geelark.start(ids)
        jobs[i]:pollfd()
        jobs[i]:step()
      end]],
    ["with jobs under way that a finaliser steps"] = [[
      jobs[1] = geelark.start(ids)
      jobs[1]:step()
      keep = finaliser(function()
        pcall(jobs[1].step, jobs[1])
        pcall(geelark.delete, ids)
        pcall(geelark.start, ids)
      end)
      jobs[2] = geelark.start(ids)
      jobs[2]:step()]],
    ["where a callback leaves"] = [[
      geelark.delete(ids, { on_event = function() os.exit(0, true) end })]],
    ["after its environment has changed under a job"] = [[
      jobs[1] = geelark.start(ids)
      jobs[1]:step()
      environment("GEELARK_TOKEN", "other")
      jobs[2] = geelark.start(ids)
      jobs[2]:step()
      collectgarbage()]],
  }
  for name, script in pairs(ends) do
    it("ends with the Lua state " .. name, function()
      local sim = simulator.start { phones = 20 }
      finally(function() sim:stop() end)
      local whole = [[
        local geelark = require "geelark"
        local environment = require "spec.support.native" "environment"
        local finaliser = require "spec.support.finaliser"
        local ids = require("geelark.simulator").ids(20)
        jobs, keep = { finaliser, environment }, nil
        ]] .. script .. "\nos.exit(0, true)"
      assert.equal("ended", shell.run("export GEELARK_TOKEN=simulator GEELARK_BASE_URL="
        .. sim.url .. "; (" .. shell.run_lua(whole) .. ") && echo ended"))
    end)
  end
end)
