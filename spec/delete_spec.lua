-- geelark.delete against the simulator, over real HTTP.

local geelark = require "geelark"
local hurried_clock = require "spec.support.hurried_clock"
local simulator = require "geelark.simulator"
local start = require("spec.support.simulator").start

local sim

local function open(options)
  sim = start(options)
  return sim
end

local function delete(ids, options)
  local all = { token = "simulator", base_url = sim.url }
  for name, value in pairs(options or {}) do all[name] = value end
  return geelark.delete(ids, all)
end

local function remaining_phones(ids)
  local left, phones = 0, sim:state().phones
  for _, id in ipairs(ids) do if phones[id] then left = left + 1 end end
  return left
end

describe("over HTTP", function()
  after_each(function() if sim then sim:stop() sim = nil end end)

  it("nobody listens: kind network, all pending", function()
    local result, err = geelark.delete({ "a1", "b1" },
      { token = "t", base_url = "http://127.0.0.1:1", attempts = 2, clock = hurried_clock() })
    assert.is_nil(result)
    assert.equal("network", err.kind)
    assert.same({ "a1", "b1" }, err.result.pendingIds)
  end)

  for _, wrong in ipairs { { token = "wrong-token" }, { app_id = "app", api_key = "wrong-key" } } do
    it("wrong credentials (" .. next(wrong) .. "): kind auth, all pending, none told", function()
      open { phones = 150, token = "right", app_id = "app", api_key = "right" }
      local options = { base_url = sim.url, token = wrong.token, app_id = wrong.app_id,
        api_key = wrong.api_key }
      local ids = simulator.ids(150)
      local _, err = geelark.delete(ids, options)
      assert.equal("auth", err.kind)
      assert.same(ids, err.result.pendingIds)
      assert.equal(150, remaining_phones(ids))
      assert.is_nil(tostring(err):find("wrong-", 1, true))
    end)
  end

  for _, n in ipairs { 0, 1, 100, 101, 250 } do
    it(n .. " phones are deleted over connections that are kept", function()
      open { phones = n }
      local ids = simulator.ids(n)
      local result = assert(delete(ids))
      assert.equal(n, result.successAmount)
      assert.equal(0, remaining_phones(ids))
      local state = sim:state()
      assert.equal(math.ceil(n / 100), #state.requests)
      assert.is_true(state.connections <= 2)
    end)
  end

  it("a key verifies, as the simulator checks for real", function()
    open { phones = 5, app_id = "my-app", api_key = "my-key" }
    local result = assert(geelark.delete(simulator.ids(5),
      { base_url = sim.url, app_id = "my-app", api_key = "my-key" }))
    assert.equal(5, result.successAmount)
  end)

  it("mixed failures come back with their codes", function()
    open { phones = 120, states = { started = 5, in_use = 4, executing = 3, missing = 2 } }
    local ids = simulator.ids(120)
    local result = assert(delete(ids))
    local groups = geelark.failures(result):by_code()
    assert.equal(106, result.successAmount)
    assert.equal(14, result.failAmount)
    assert.equal(5, groups[geelark.codes.started]:count())
    assert.equal(4, groups[geelark.codes.in_use]:count())
    assert.equal(3, groups[geelark.codes.executing]:count())
    assert.equal(2, groups[geelark.codes.not_found]:count())
    assert.equal(12, remaining_phones(ids))
  end)

  local variants = {
    { integer_ids = true }, { string_numbers = true }, { chunked = 7 }, { drip = { 50, 0.001 } },
    { integer_ids = true, string_numbers = true, chunked = 1 },
  }
  for i, variant in ipairs(variants) do
    it("however the answer is written, the account is the same, variant " .. i, function()
      open { phones = 20, states = { started = 3 }, plan = { variant } }
      local ids = simulator.ids(20)
      local result = assert(delete(ids))
      assert.equal(17, result.successAmount)
      assert.same({ "started" }, { geelark.codes[result.failDetails[1].code].name })
      for _, failure in ipairs(result.failDetails) do
        assert.equal("started", sim:state().phones[failure.id])
      end
    end)
  end

  it("a base_url may carry a path and end in a slash", function()
    open { phones = 1 }
    local _, err = delete({ "1" }, { base_url = sim.url .. "/prefix/" })
    assert.equal(404, err.httpStatus)
    assert.equal("protocol", err.kind)
  end)

  it("no redirect is followed", function()
    local elsewhere = start { phones = 1 }
    open { phones = 1, plan = { { status = 302, headers = { Location = elsewhere.url } } } }
    local _, err = delete { "1" }
    assert.equal("protocol", err.kind)
    assert.equal(302, err.httpStatus)
    assert.same({ "1" }, err.result.pendingIds)
    assert.equal(0, #elsewhere:state().requests)
    elsewhere:stop()
  end)

  it("an answer of more than 8 MiB is cut off and lost", function()
    open { phones = 1, plan = { { huge = 9 * 1024 * 1024 } } }
    local _, err = delete(simulator.ids(1), { attempts = 1 })
    assert.equal("protocol", err.kind)
    assert.equal(1, #err.result.unknownIds)
  end)

  it("one bad id in 100 takes at most 16 requests", function()
    local ids = simulator.ids(100)
    open { phones = 100, bad_ids = { ids[37] } }
    local result = assert(delete(ids))
    assert.equal(99, result.successAmount)
    assert.equal(ids[37], result.failDetails[1].id)
    local requests = #sim:state().requests
    assert.is_true(requests <= 16, requests .. " requests")
  end)

  for _, concurrency in ipairs { 1, 2, 4 } do
    it("after a lock only what is in flight reaches the service, " .. concurrency .. " at once",
      function()
        open { phones = 40,
          plan = "return function(request) return request.number > 3 and { refuse = 40014 } end" }
        local _, err = delete(simulator.ids(40), { chunk_size = 2, concurrency = concurrency })
        local state = sim:state()
        assert.equal("locked", err.kind)
        assert.equal(7200, err.retryAfter)
        assert.is_true(#state.requests >= 4 and #state.requests <= 3 + concurrency)
        assert.equal(40 - state.phoneCount, err.result.successAmount)
      end)
  end
end)
