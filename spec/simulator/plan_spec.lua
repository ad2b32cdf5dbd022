-- What goes wrong with which request, when a plan says so.

local plans = require "geelark.simulator.plan"

describe("the simulator's plan", function()
  it("refuses entries that it doesn't understand", function()
    assert.has_error(function() plans.new { { oops = 1 } } end,
      "plan entry: unknown field 'oops'")
    assert.has_error(function() plans.new { { close = "soon" } } end,
      "plan entry.close: unknown value 'soon'")
    assert.has_error(function() plans.new { { status = "502" } } end,
      "plan entry.status: number expected, got string")
    assert.has_error(function() plans.new(7) end,
      "plan: list or function expected, got number")
    assert.has_error(function() plans.new(function() return { oops = 1 } end):next {} end,
      "plan entry: unknown field 'oops'")
  end)

  it("takes a list in order, false for no fault, and nothing after its end", function()
    local plan = plans.new { { code = 1 }, false, { code = 3, times = 2 } }
    local codes = {}
    for i = 1, 5 do codes[i] = plan:next({}).code or "none" end
    assert.same({ 1, "none", 3, 3, "none" }, codes)
  end)

  it("asks a function, also one that came as source", function()
    local plan = plans.new(function(number, record)
      return { msg = record.path .. number }
    end)
    assert.equal("/a1", plan:next({ path = "/a" }).msg)
    assert.equal("/b2", plan:next({ path = "/b" }).msg)
    local from_source = plans.new "return function(number) return { code = number } end"
    assert.equal(1, from_source:next({}).code)
    assert.has_error(function() plans.new "return (" end)
  end)
end)
