-- What goes wrong with which request, when a plan says so.

local plans = require "geelark.simulator.plan"

describe("the simulator's plan", function()
  it("refuses entries that it doesn't understand", function()
    assert.has_error(function() plans.new { { stauts = 1 } } end,
      "plan entry.stauts: unknown field, did you mean status?")
    assert.has_error(function() plans.new { { close = "befor" } } end,
      "plan entry.close: unknown value befor, did you mean before?")
    assert.has_error(function() plans.new { { status = "502" } } end,
      "plan entry.status: number expected, got string")
    assert.has_error(function() plans.new(7) end,
      "plan: list or function expected, got number")
    assert.has_error(function() plans.new(function() return { stauts = 1 } end):next {} end,
      "plan entry.stauts: unknown field, did you mean status?")
  end)

  it("refuses values that would make another fault, none, or an error of its own", function()
    local rows = {
      { { delay = -1 }, "delay: number from 0 on expected, got -1" },
      { { stall = 0 / 0 }, "stall: number from 0 on expected, got " .. tostring(0 / 0) },
      { { times = 0 }, "times: integer from 1 on expected, got 0" },
      { { code = 42001.5 }, "code: integer from 0 on expected, got 42001.5" },
      { { status = 99 }, "status: integer from 100 on expected, got 99" },
      { { status = 1000 }, "status: up to 999 expected" },
      { { drip = { 64 } }, "drip[2]: number from 0 on expected, got nil" },
      { { drip = { bytes = 64 } }, "drip[1]: integer from 1 on expected, got nil" },
      { { amounts = { succesAmount = 1 } },
        "amounts.succesAmount: unknown field, did you mean successAmount?" },
      { { amounts = { failAmount = "1" } }, "amounts.failAmount: number expected, got string" },
      { { headers = { "Retry-After: 5" } }, "headers: strings by name expected" },
    }
    for _, row in ipairs(rows) do
      assert.has_error(function() plans.new { row[1] } end, "plan entry." .. row[2])
    end
  end)

  it("refuses what is no list: no fault would come of it", function()
    assert.has_error(function() plans.new { status = 502 } end,
      "plan: list of entries expected, got one with the key status")
    assert.has_error(function() plans.new { nil, { status = 502 } } end,
      "plan: list of entries expected, got one with the key 2")
  end)

  it("takes a list in order, false for no fault, and nothing after its end", function()
    local plan = plans.new { { code = 1 }, false, { code = 3, times = 2 } }
    local codes = {}
    for i = 1, 5 do codes[i] = plan:next({ path = "/a" }).code or "none" end
    assert.same({ 1, "none", 3, 3, "none" }, codes)
  end)

  -- The codes that a plan gives to requests to these paths, in turn.
  local function codes(plan, names)
    local made, given = plans.new(plan), {}
    for i, name in ipairs(names) do
      given[i] = made:next({ path = "/open/v1/phone/" .. name, number = i }).code or "none"
    end
    return given
  end

  it("keeps an entry for the requests to its path", function()
    assert.same({ "none", 1, 2, "none" },
      codes({ { path = "stop", code = 1 }, { path = "/open/v1/phone/status", code = 2 } },
        { "delete", "stop", "status", "stop" }))
    -- An entry for one path doesn't hold up those behind it.
    assert.same({ 2, 1 }, codes({ { path = "stop", code = 1 }, { code = 2 } },
      { "delete", "stop" }))
  end)

  it("keeps an entry for the n-th request, to its path or at all", function()
    assert.same({ "none", "none", "none", 3, "none" },
      codes({ { path = "delete", nth = 3, code = 3 } },
        { "delete", "stop", "delete", "delete", "delete" }))
    assert.same({ "none", 5, 5, "none" }, codes({ { nth = 2, times = 2, code = 5 } },
      { "delete", "stop", "delete", "delete" }))
  end)

  it("refuses a path that there isn't", function()
    assert.has_error(function() plans.new { { path = "delte" } } end,
      "plan entry.path: unknown value delte, did you mean delete?")
  end)

  it("asks a function, also one that came as source", function()
    local plan = plans.new(function(request)
      return { msg = request.path .. request.number }
    end)
    assert.equal("/a1", plan:next({ path = "/a", number = 1 }).msg)
    assert.equal("/b2", plan:next({ path = "/b", number = 2 }).msg)
    local from_source = plans.new "return function(request) return { code = request.number } end"
    assert.equal(1, from_source:next({ number = 1 }).code)
    assert.has_error(function() plans.new "return (" end)
  end)

  it("asks a spy", function()
    local ask = spy.new(function() return { status = 502 } end)
    assert.equal(502, plans.new(ask):next({ path = "/a" }).status)
    assert.spy(ask).was.called(1)
  end)
end)
