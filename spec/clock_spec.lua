-- A clock of the caller's that fails: the job ends with its account, and never hangs.

local geelark = require "geelark"
local held = require "spec.support.held"
local service = require "spec.support.service"

-- Clocks that go wrong at their n-th reading, from a table of what they do then.
local function failing_at(n, clock, fail)
  local readings, now = 0, clock.now
  clock.now = function()
    readings = readings + 1
    if readings == n then return fail() end
    return now()
  end
end

local function tells(value) return function() return value end end

describe("a clock", function()
  local failures = {
    ["raises once"] = { function() error "no battery" end, "clock.now: .*no battery" },
    ["raises an object without words"] = { function() error {} end, "clock.now: error object" },
    ["tells a string"] = { tells "12", "clock.now: number expected, got string" },
    ["tells nothing"] = { tells(nil), "clock.now: number expected, got nil" },
    ["tells NaN"] = { tells(0 / 0), "is no time in seconds" },
    ["tells infinity"] = { tells(math.huge), "clock.now: inf is no time in seconds" },
    ["tells 1e300"] = { tells(1e300), "clock.now: 1e%+300 is no time in seconds" },
    ["tells -1e300"] = { tells(-1e300), "clock.now: %-1e%+300 is no time in seconds" },
  }
  for what, failure in pairs(failures) do
    it("that " .. what .. " ends the job with its account", function()
      for n = 1, 12 do
        local options, log = service.options({ { 502, "" }, service.success },
          { chunk_size = 10, concurrency = 1 })
        failing_at(n, options.clock, failure[1])
        local result, err = geelark.delete(service.ids(50), options)
        assert.is_nil(result)
        assert.equal("callback", err.kind)
        assert.truthy(err.message:find(failure[2]), err.message)
        result = err.result
        assert.equal(50, result.successAmount + #result.unknownIds + #result.pendingIds)
        assert.is_true(#log <= n)
      end
    end)
  end

  it("that raises lets what is in flight come to its end", function()
    local options, requests = held { chunk_size = 1, concurrency = 1 }
    local broken = false
    local now = options.clock.now
    options.clock.now = function() return broken and error "broken" or now() end
    local job = geelark.start({ "a1", "a2" }, options)
    job:step()
    broken = true
    assert.is_false(job:step())
    requests:answer_all()
    assert.is_true(job:step())
    local _, err = job:result()
    assert.equal("callback", err.kind)
    assert.equal(1, err.result.successAmount)
    assert.same({ "a2" }, err.result.pendingIds)
  end)

  for _, seconds in ipairs { 0, 1e-9 } do
    it(("that goes on by %g s in a sleep ends the job"):format(seconds), function()
      local options = service.options({ { 502, "" } })
      local now, sleeps = 0, 0
      options.clock = { now = function() return now end, seed = 1,
        sleep = function() now, sleeps = now + seconds, sleeps + 1 end }
      local _, err = geelark.delete({ "a1" }, options)
      assert.equal("callback", err.kind)
      assert.truthy(err.message:find("clock.sleep did not advance clock.now", 1, true))
      assert.same({ "a1" }, err.result.unknownIds)
      assert.equal(1000, sleeps)
    end)
  end

  it("that stands still while a request waits for its answer ends the job, too", function()
    local options = service.options(function() end)
    options.clock.sleep = function() end
    local _, err = geelark.delete({ "a1" }, options)
    assert.equal("callback", err.kind)
    assert.same({ "a1" }, err.result.unknownIds)
  end)

  it("that raises while nobody answers ends the job, though its sleep doesn't sleep", function()
    local options = service.options(function() end)
    failing_at(6, options.clock, function() error "broken" end)
    options.clock.sleep = function() end
    local _, err = geelark.delete({ "a1" }, options)
    assert.equal("callback", err.kind)
    assert.same({ "a1" }, err.result.unknownIds)
  end)

  it("may stand still through any number of sleeps that bring answers", function()
    local options, requests = held { chunk_size = 1, concurrency = 1, requests_per_minute = false,
      requests_per_hour = false }
    options.clock.sleep = function() requests:answer_all() end
    assert.equal(1500, assert(geelark.delete(service.ids(1500), options)).successAmount)
  end)

  it("that goes backwards makes nothing wait for it", function()
    local options, log = service.options({ { 502, "" }, service.success })
    local now = options.clock.now
    options.clock.now = function() return now() - 1000 * #log end
    assert.equal(1, #assert(geelark.delete({ "a1", "a2" }, options)).requests)
    assert.is_true(log.now() < 1)
  end)

  it("may have any number as its seed", function()
    for _, seed in ipairs { 1e300, -1e300, 0 / 0, math.huge, -math.huge, 2 ^ 63, -2 ^ 63, 0.5 } do
      local options = service.options({ { 502, "" }, service.success })
      options.clock.seed = seed
      assert.equal(1, assert(geelark.delete({ "a1" }, options)).successAmount)
    end
  end)
end)
