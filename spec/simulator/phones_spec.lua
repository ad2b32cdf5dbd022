-- The phones of the simulated account, in virtual time.

local phones = require "geelark.simulator.phones"

describe("the simulator's ids", function()
  it("are 18 digits, neighbours 65,536 apart, exactly", function()
    local ids = phones.ids(3)
    assert.same({ "528086321789535232", "528086321789600768", "528086321789666304" }, ids)
  end)

  it("stay exact and distinct where the lower half overflows", function()
    local ids, seen = phones.ids(20000), {}
    for _, id in ipairs(ids) do
      assert.is_true(#id == 18 and not seen[id] and not id:find "%D")
      seen[id] = true
    end
    -- 789535232 + 19999 * 65536 = 2100189696
    assert.equal("528086323100189696", ids[20000])
  end)
end)

describe("the simulator's phones", function()
  it("refuse an unknown state and more states than phones", function()
    assert.has_error(function()
      phones.new { phones = { a = "asleep" }, stop_seconds = 0 }
    end, "phones.a: unknown value asleep, did you mean expired?")
    assert.has_error(function()
      phones.new { phones = 2, states = { started = 3 }, stop_seconds = 0 }
    end, "states: 2 phones can't have 3 states")
  end)

  it("are as many in each state as was asked for, missing ones not there", function()
    local mix = { started = 7, in_use = 3, missing = 5 }
    local all, count = phones.new { phones = 250, states = mix, stop_seconds = 0 }:all(0)
    local found = {}
    for _, state in pairs(all) do found[state] = (found[state] or 0) + 1 end
    assert.same({ started = 7, in_use = 3, stopped = 235 }, found)
    assert.equal(245, count)
  end)

  it("can be a list of ids or a map of states", function()
    local list = phones.new { phones = { "a", "b" }, stop_seconds = 0 }
    local map = phones.new { phones = { a = "started" }, stop_seconds = 0 }
    assert.same({ a = "stopped", b = "stopped" }, (list:all(0)))
    assert.same({ a = "started" }, (map:all(0)))
  end)

  it("stop after a while, and only then can be deleted", function()
    local account = phones.new { phones = { a = "started" }, stop_seconds = 2 }
    assert.is_nil(account:stop("a", 10))
    assert.is_nil(account:stop("a", 11)) -- a second stop delays nothing
    assert.equal(43009, account:delete("a", 11.9))
    assert.equal(0, account:status("a", 11.9))
    assert.equal(2, account:status("a", 12))
    assert.is_nil(account:delete("a", 12))
    assert.equal(42001, account:delete("a", 12))
  end)

  it("say that they are started until they are down, also where they were starting", function()
    local account = phones.new { phones = { a = "starting" }, stop_seconds = 30, start_seconds = 5 }
    assert.equal(1, account:status("a", 0))
    assert.is_nil(account:stop("a", 0))
    assert.equal(0, account:status("a", 29))
    assert.equal(2, account:status("a", 30))
  end)

  it("that are starting are started a while after the first call that meets them", function()
    local account = phones.new { phones = { a = "starting" }, stop_seconds = 1, start_seconds = 20 }
    assert.equal(43010, account:delete("a", 100))
    assert.equal(1, account:status("a", 119))
    assert.equal(0, account:status("a", 120))
    assert.equal(43009, account:delete("a", 120))
  end)

  it("that are unstoppable accept a stop and go on", function()
    local account = phones.new { phones = { a = "unstoppable" }, stop_seconds = 1 }
    assert.is_nil(account:stop("a", 0))
    assert.equal(0, account:status("a", 1000))
    assert.equal(43009, account:delete("a", 1000))
  end)

  it("stay in use although they were stopped", function()
    local account = phones.new { phones = { a = "in_use" }, stop_seconds = 1 }
    assert.is_nil(account:stop("a", 0))
    assert.equal(43021, account:delete("a", 100))
  end)

  local rows = { -- state, refusal of delete, of stop, status
    { "stopped", nil, nil, 2 }, { "started", 43009, nil, 0 },
    { "starting", 43010, nil, 1 }, { "in_use", 43021, nil, 0 },
    { "executing", 43005, 43005, 0 }, { "connected", 43006, 43006, 0 },
    { "renewing", 43011, nil, 2 }, { "expired", 43004, nil, 3 },
    { "running", 43036, nil, 0 }, { "withdrawn", 43038, nil, 2 },
    { "unavailable", 43039, nil, 2 }, { "stuck_starting", 43010, nil, 2 },
    { "unstoppable", 43009, nil, 0 }, { nil, 42001, 42001, nil },
  }
  for i = 1, 14 do
    local state = rows[i][1]
    it("answer as the service does when " .. (state or "missing"), function()
      local account = phones.new { phones = { a = state }, stop_seconds = 5, start_seconds = 5 }
      assert.equal(rows[i][4], (account:status("a", 0)))
      assert.equal(rows[i][3], (account:stop("a", 0)))
      assert.equal(rows[i][2], (account:delete("a", 0)))
    end)
  end
end)
