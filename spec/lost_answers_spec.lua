-- Lost answers over real HTTP, where things really break: the phones may be gone all the same.

local geelark = require "geelark"
local hurried_clock = require "spec.support.hurried_clock"
local phones = require("geelark.simulator").ids
local simulator = require "spec.support.simulator"

local sim

-- Deletes 30 phones of a service whose first request meets a fault.
local function delete(fault)
  sim = simulator.start { phones = 30, plan = { fault } }
  local ids = phones(30)
  local result, err = geelark.delete(ids,
    { token = "simulator", base_url = sim.url, clock = hurried_clock() })
  return result, err, sim:state(), ids
end

describe("where", function()
  after_each(function() if sim then sim:stop() sim = nil end end)

  local lost_after = {
    { "the connection closes after the deed", { close = "after" } },
    { "the connection is reset after the deed", { close = "after", reset = true } },
    { "the body is cut", { cut = 30 } },
    { "502 comes after the deed", { status = 502, act = true } },
    { "an empty 524 comes after the deed", { status = 524, act = true } },
    { "garbage comes after the deed", { body = "<html>oops</html>" } },
    { "JSON without code comes after the deed", { status = 502, act = true, body = '{"a":1}' } },
    { "the amounts don't add up", { amounts = { successAmount = 7 } } },
    { "a stranger is named", { stranger = "999" } },
    { "more than 8 MiB come", { huge = 9 * 1024 * 1024 } },
  }
  for _, case in ipairs(lost_after) do
    it(case[1] .. ", the phones are gone and presumed so", function()
      local result, err, state, ids = delete(case[2])
      assert.is_nil(err)
      assert.equal(30, result.successAmount)
      assert.same(ids, result.presumedIds)
      assert.equal(2, #state.requests)
      assert.equal(0, state.phoneCount)
      assert.equal(2, result.requests[1].attempts)
    end)
  end

  local lost_before = {
    { "the connection closes before the deed", { close = "before" } },
    { "502 comes before the deed", { status = 502 } },
    { "429 comes", { status = 429 } },
    { "50000 comes over HTTP 200", { refuse = 50000 } },
  }
  for _, case in ipairs(lost_before) do
    it(case[1] .. ", the second try deletes and nothing is presumed", function()
      local result, _, state = delete(case[2])
      assert.equal(30, result.successAmount)
      assert.same({}, result.presumedIds)
      assert.equal(0, state.phoneCount)
    end)
  end
end)
