-- The drivers keep to one contract: what delete gives, they give, and their loop goes on.

local geelark = require "geelark"
local simulator = require "geelark.simulator"
local start = require("spec.support.simulator").start

-- Each runs a driver's delete to its end and counts how often a timer of 10 ms fired.
local drivers = {
  luv = function(ids, options)
    local uv = require "luv" -- Debian: lua-luv
    local result, err
    local ticks, timer = 0, uv.new_timer()
    timer:start(10, 10, function() ticks = ticks + 1 end)
    geelark.loop.luv.delete(ids, options, function(...)
      result, err = ...
      timer:close()
    end)
    uv.run()
    return ticks, result, err
  end,
  cqueues = function(ids, options)
    local cqueues = require "cqueues" -- Debian: lua-cqueues
    local loop, result, err, done = cqueues.new(), nil, nil, false
    local ticks = 0
    loop:wrap(function()
      result, err = geelark.loop.cqueues.delete(ids, options)
      done = true
    end)
    loop:wrap(function()
      while not done do cqueues.sleep(0.01) ticks = ticks + 1 end
    end)
    assert(loop:loop())
    return ticks, result, err
  end,
}

for name, delete in pairs(drivers) do
  describe("the driver for " .. name, function()
    local sim
    after_each(function() if sim then sim:stop() sim = nil end end)

    it("deletes while its loop goes on", function()
      sim = start { phones = 250, states = { started = 5 }, plan = { { delay = 0.2 } } }
      local ticks, result, err = delete(simulator.ids(250),
        { token = "simulator", base_url = sim.url })
      assert.is_nil(err)
      assert.equal(245, result.successAmount)
      assert.equal(5, result.failAmount)
      assert.is_true(ticks >= 5, ticks .. " ticks")
    end)

    it("gives an err where there is one", function()
      local _, result, err = delete({ "a" },
        { token = "t", base_url = "http://127.0.0.1:1", attempts = 1 })
      assert.is_nil(result)
      assert.equal("network", err.kind)
    end)

    it("ends at once for an empty list", function()
      local _, result = delete({}, { token = "t" })
      assert.equal(0, result.totalAmount)
    end)

    it("raises for wrong arguments", function()
      assert.has_error(function()
        if name == "luv" then geelark.loop.luv.delete({ "" }, { token = "t" }, print)
        else geelark.loop.cqueues.delete({ "" }, { token = "t" }) end
      end)
    end)
  end)
end

describe("many jobs of one client in one loop", function()
  it("all end, more of them than Linux lets watch one socket", function()
    local uv = require "luv"
    local sim = start { phones = 150 }
    local client = assert(geelark.new { token = "simulator", base_url = sim.url })
    local deleted, errors = 0, {}
    for _, id in ipairs(simulator.ids(150)) do
      geelark.loop.luv.delete({ id }, { client = client, concurrency = 8 }, function(result, err)
        deleted = deleted + (result and result.successAmount or 0)
        errors[#errors + 1] = err
      end)
    end
    uv.run()
    client:close()
    sim:stop()
    assert.same({}, errors)
    assert.equal(150, deleted)
  end)
end)
