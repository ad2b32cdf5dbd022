-- make soak would find something: what it judges accounts by, what it takes for growth, and the
-- curves that it draws.

local geelark = require "geelark"
local judge = require "spec.torture.soak.judge"
local new_samples = require "spec.torture.soak.samples"
local plot = require "spec.torture.soak.plot"
local simulator = require "geelark.simulator"

describe("an account of the soak", function()
  local world, call

  -- One phone is deleted, one is started, one never was, and one isn't asked for.
  before_each(function()
    local service = simulator.new { phones = { ["1"] = "stopped", ["2"] = "started",
      ["4"] = "stopped" } }
    local account, findings = assert(geelark.delete({ "1", "2", "3" }, service:options())), {}
    call = { kind = "spec", ids = { "1", "2", "3", "4" } }
    call.outcomes, call.attempts = judge.read({ "1", "2", "3" }, account, findings)
    call.outcomes["4"] = { state = "pending" }
    assert.same({}, findings)
    world = service.world:state(service.clock.time)
  end)

  it("that is true has no finding", function()
    assert.same({}, judge.check({ call }, world))
  end)

  for lie, id in pairs { pending = "1", deleted = "2", presumed = "4" } do
    it("that says what isn't so of a phone has one: " .. lie, function()
      call.outcomes[id].state = lie
      local findings = judge.check({ call }, world)
      assert.equal(1, #findings)
      assert.matches("^spec: " .. id .. " is " .. lie .. " .*, and in truth ", findings[1])
    end)
  end

  it("that calls a phone not found which we have deleted has one", function()
    call.outcomes["1"] = { state = "failed", code = 42001 }
    assert.same({ "spec: 1 is failed 42001, and in truth was deleted" },
      judge.check({ call }, world))
  end)

  it("that tells of fewer requests than the service saw has one", function()
    call.attempts = 0
    assert.same({ "spec: the service saw 1 requests, the account tells of 0" },
      judge.check({ call }, world))
  end)

  it("whose ids are not those that were given has one", function()
    local service = simulator.new { phones = 2 }
    local account, findings = assert(geelark.delete(service:ids(), service:options())), {}
    judge.read({ service:ids()[2] }, account, findings)
    assert.is_true(#findings > 0)
  end)
end)

describe("growth", function()
  local function growth_of(count, value)
    local samples = new_samples()
    for i = 1, count do samples:add(value(i / count)) end
    return samples:growth(), #samples.values
  end

  it("is what comes after the warm-up", function()
    assert.equal(0, (growth_of(100, function(time) return time <= 0.1 and time or 5 end)))
    assert.equal(1, (growth_of(2, function(time) return 2 * time end)))
  end)

  it("is not one sample that is higher than the others", function()
    assert.equal(0, (growth_of(100, function(time) return time == 1 and 9 or 5 end)))
  end)

  it("is seen however long it ran, with a bounded number of samples", function()
    for _, count in ipairs { 20, 239, 240, 10000 } do
      local growth, samples = growth_of(count, function(time) return 100 * time end)
      assert.is_true(growth > 70 and growth <= 90, count .. ": " .. growth)
      assert.is_true(samples <= 240)
    end
  end)
end)

describe("the curve", function()
  local function axis(span)
    return { rows = 2, width = 15, span = span, label = function(n) return ("%g"):format(n) end }
  end

  it("rises from below to above, between its labels", function()
    assert.same({ "        7 ┤⠀⠀⣀⣀", "        0 ┤⣀⣠⠇⠀" }, plot.lines({ 0, 0, 1, 4, 4, 4 }, axis(7)))
  end)

  it("of a value that stays is flat, in the middle of its span", function()
    local lines = plot.lines({ 3 }, axis(1))
    assert.matches("^      3.5 ┤", lines[1])
    assert.matches("^      2.5 ┤", lines[2])
  end)
end)
