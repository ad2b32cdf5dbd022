-- Ready-made answers for a transport of one's own.

local geelark = require "geelark"
local simulator = require "geelark.simulator"

describe("the simulator's ready-made answers", function()
  -- What geelark makes of them.
  local function delete(ids, transport)
    local clock = { time = 0 }
    return geelark.delete(ids, { token = "token-of-the-spec", transport = transport, clock = {
      now = function() return clock.time end,
      sleep = function(seconds) clock.time = clock.time + seconds end,
    } })
  end

  it("delete all", function()
    local result = assert(delete(simulator.ids(150), function(request)
      return simulator.success(request.ids)
    end))
    assert.equal(150, result.successAmount)
    local status, body = simulator.success(3)
    assert.equal(200, status)
    assert.truthy(body:find('"successAmount":3', 1, true))
  end)

  it("fail with a state's code, or with any", function()
    local ids = simulator.ids(3)
    local result = assert(delete(ids, function(request)
      return simulator.failures({ [ids[1]] = "started", [ids[3]] = 43039 }, request.ids)
    end))
    assert.same({ { id = ids[1], code = 43009, msg = "env is started" },
      { id = ids[3], code = 43039, msg = "env is unavailable" } }, result.failDetails)
    assert.equal(1, result.successAmount)
  end)

  it("fail only where they were asked for: a list has many requests", function()
    local ids = simulator.ids(250)
    local result = assert(delete(ids, function(request)
      return simulator.failures({ [ids[1]] = "started", [ids[250]] = "in_use" }, request.ids)
    end))
    assert.same({ 248, 2 }, { result.successAmount, result.failAmount })
  end)

  it("fail alone where no ids are given", function()
    local result = assert(delete({ "528" }, function()
      return simulator.failures { ["528"] = "missing" }
    end))
    assert.equal(42001, result.failDetails[1].code)
  end)

  it("say which state there isn't", function()
    assert.error_matches(function() simulator.failures { ["528"] = "startd" } end,
      "^failures%.528: unknown value startd, did you mean started%?$")
    assert.error_matches(function() simulator.failures "528" end, "table of states by id expected")
    assert.error_matches(function() simulator.failures { "528" } end, "strings as ids expected")
    assert.error_matches(function() simulator.failures({}, 3) end, "list of ids expected")
    assert.error_matches(function() simulator.success() end, "ids or their number expected")
    assert.error_matches(function() simulator.refusal "locked" end, "code expected, such as 40014")
  end)

  it("refuse as a whole", function()
    local _, err = delete({ "528" }, function() return simulator.refusal(40014) end)
    assert.equal("locked", err.kind)
    local _, other = delete({ "528" }, function() return simulator.refusal(46001, "no plan") end)
    assert.truthy(other.message:find("no plan", 1, true))
  end)
end)
