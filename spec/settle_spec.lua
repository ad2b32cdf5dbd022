-- Lost answers, presumption, halving, and answers that don't add up.

local geelark = require "geelark"
local service = require "spec.support.service"

local function gone(request) -- every id was deleted before
  local failures = {}
  for i, id in ipairs(request.ids) do failures[i] = service.failure(id, 42001) end
  return 200, service.envelope(40009, #request.ids, failures)
end

local function attempts_sum(result)
  local sum = 0
  for _, account in ipairs(result.requests) do sum = sum + account.attempts end
  return sum
end

describe("after a lost answer", function()
  local lost = {
    { "a reset", function() return nil, "connection reset", true end },
    { "a time-out", function() return nil, "timeout", true end },
    { "502", function() return 502, "" end },
    { "a cut body", function() return 200, '{"code":0,' end },
    { "50000", function() return service.code(50000) end },
    { "an answer that doesn't add up", function() return 200, service.envelope(0, 1, {}) end },
  }
  for _, case in ipairs(lost) do
    it("(" .. case[1] .. ") 42001 counts as a success and is presumed", function()
      local options, log = service.options { case[2], gone }
      local result = assert(geelark.delete({ "a1", "b1" }, options))
      assert.same({ "a1", "b1" }, result.presumedIds)
      assert.equal(2, result.successAmount)
      assert.equal(0, result.failAmount)
      assert.equal(2, #log)
      assert.not_equal(log[1].traceId, log[2].traceId)
    end)
  end

  it("any other failure is what it says", function()
    local options = service.options { lost[1][2], function(request)
      return 200, service.envelope(40006, #request.ids, { service.failure("b1", 43009) })
    end }
    local result = assert(geelark.delete({ "a1", "b1" }, options))
    assert.equal(43009, result.failDetails[1].code)
    assert.same({}, result.presumedIds)
  end)

  it("and a refusal of the job the ids are unknown, not pending", function()
    local options = service.options({ lost[1][2], { service.code(40003) } }, { chunk_size = 2 })
    local _, err = geelark.delete({ "a1", "b1" }, options)
    assert.equal("auth", err.kind)
    assert.same({ "a1", "b1" }, err.result.unknownIds)
  end)

  it("and 40007 for ever the ids are unknown", function()
    local options = service.options { lost[1][2], { service.code(40007) } }
    local _, err = geelark.delete({ "a1" }, options)
    assert.same({ "a1" }, err.result.unknownIds)
  end)

  it("what was lost goes to the halves", function()
    local options = service.options({ lost[1][2], function(request)
      for _, id in ipairs(request.ids) do
        if id == "bad1" then return service.code(40004) end
      end
      return gone(request)
    end })
    local result = assert(geelark.delete({ "a1", "bad1", "c1", "d1" }, options))
    assert.same({ "a1", "c1", "d1" }, result.presumedIds)
    assert.equal(40004, result.failDetails[1].code)
  end)
end)

describe("where the request surely never left", function()
  it("nothing is presumed: 42001 is a failure", function()
    local options = service.options { function() return nil, "refused" end, gone }
    local result = assert(geelark.delete({ "a1" }, options))
    assert.same({}, result.presumedIds)
    assert.equal(42001, result.failDetails[1].code)
  end)

  it("the ids end pending when the tries run out, kind network", function()
    local options, log = service.options { { nil, "refused" } }
    local _, err = geelark.delete({ "a1" }, options)
    assert.equal("network", err.kind)
    assert.same({ "a1" }, err.result.pendingIds)
    assert.equal(4, #log)
  end)
end)

describe("a service that is down", function()
  for _, concurrency in ipairs { 1, 2, 4, 64 } do
    it("stops the job after 8 tries without an answer, " .. concurrency .. " at once", function()
      local options, log = service.options({ { nil, "refused" } },
        { concurrency = concurrency, chunk_size = 1 })
      local _, err = geelark.delete(service.ids(200), options)
      assert.equal("network", err.kind)
      assert.equal(200, #err.result.pendingIds)
      assert.equal(8, #log)
    end)
  end

  it("is not down while it answers now and then", function()
    local options = service.options(function(request, n)
      if n % 8 ~= 0 then return nil, "refused" end
      return service.success(request)
    end, { attempts = 100, chunk_size = 1 })
    assert.equal(20, assert(geelark.delete(service.ids(20), options)).successAmount)
  end)
end)

describe("one bad id", function()
  local function refusing(bad)
    return function(request)
      for _, id in ipairs(request.ids) do
        if bad[id] then return service.code(40004) end
      end
      return service.success(request)
    end
  end

  it("in 100, wherever it stands, costs at most 16 requests", function()
    local ids = service.ids(100)
    for position = 1, 100 do
      local options, log = service.options(refusing { [ids[position]] = true })
      local result = assert(geelark.delete(ids, options))
      assert.equal(99, result.successAmount)
      assert.equal(ids[position], result.failDetails[1].id)
      assert.is_true(#log <= 16, #log .. " requests")
      assert.equal(#log, attempts_sum(result))
    end
  end)

  it("and another are both found, in the caller's order", function()
    local ids = service.ids(100)
    local options = service.options(refusing { [ids[90]] = true, [ids[3]] = true })
    local result = assert(geelark.delete(ids, options))
    assert.equal(98, result.successAmount)
    assert.equal(ids[3], result.failDetails[1].id)
    assert.equal(ids[90], result.failDetails[2].id)
  end)

  it("everywhere fails each by itself", function()
    local options = service.options { { service.code(40005) } }
    assert.equal(10, assert(geelark.delete(service.ids(10), options)).failAmount)
  end)
end)

describe("an answer that doesn't add up", function()
  local ids = { "a1", "b1", "c1" }
  local fail = service.failure
  local function data(total, success, failed, details)
    return ('{"code":%d,"data":{"totalAmount":%d,"successAmount":%d,"failAmount":%d,'
      .. '"failDetails":%s}}'):format(failed > 0 and 40006 or 0, total, success, failed, details)
  end
  local named_b = "[" .. fail("b1", 43009) .. "]"
  local cases = {
    { "a total too small", data(2, 2, 0, "[]"), {} },
    { "a total too large", data(4, 4, 0, "[]"), {} },
    { "successes and failures that are not the total", data(3, 3, 1, named_b), { "b1" } },
    { "negative amounts", data(3, -1, 4, "[]"), {} },
    { "a failure that is not named", data(3, 2, 1, "[]"), {} },
    { "a failure that is not named, null", data(3, 2, 1, "null"), {} },
    { "a failure that is not counted", data(3, 3, 0, named_b), { "b1" } },
    { "an id that was not asked for", data(3, 2, 1, "[" .. fail("x1", 43009) .. "]"), {} },
    { "one that was asked for and one that was not",
      data(3, 1, 2, "[" .. fail("b1", 43009) .. "," .. fail("x1", 43009) .. "]"), { "b1" } },
    { "an id named twice", data(3, 1, 2, "[" .. fail("b1", 43009) .. "," .. fail("b1", 43009) .. "]"),
      { "b1" } },
    { "an id named with two codes",
      data(3, 1, 2, "[" .. fail("b1", 43009) .. "," .. fail("b1", 42001) .. "]"), {} },
    { "an entry without a code", data(3, 2, 1, '[{"id":"b1","msg":"m"}]'), {} },
    { "an entry without an id", data(3, 2, 1, '[{"code":43009}]'), {} },
    { "an entry that is no object", data(3, 2, 1, '["b1"]'), {} },
    { "an id that is rounded", data(3, 2, 1, '[{"id":5.3e17,"code":43009}]'), {} },
    { "40006 without a failure",
      '{"code":40006,"data":{"totalAmount":3,"successAmount":3,"failAmount":0}}', {} },
    { "40009 that claims a success",
      '{"code":40009,"data":{"totalAmount":3,"successAmount":2,"failAmount":1,"failDetails":'
        .. named_b .. "}}", { "b1" } },
    { "no amounts", '{"code":0,"data":{"failDetails":' .. named_b .. "}}", { "b1" } },
  }
  for _, case in ipairs(cases) do
    it("(" .. case[1] .. ") deletes nobody; who is named as failed has failed", function()
      local options = service.options({ { 200, case[2] } }, { attempts = 1 })
      local _, err = geelark.delete(ids, options)
      local failed, unknown = {}, {}
      for i, failure in ipairs(err.result.failDetails) do failed[i] = failure.id end
      for _, id in ipairs(ids) do
        local named = false
        for _, other in ipairs(case[3]) do named = named or other == id end
        if not named then unknown[#unknown + 1] = id end
      end
      assert.equal(0, err.result.successAmount)
      assert.same(case[3], failed)
      assert.same(unknown, err.result.unknownIds)
    end)
  end

  it("is asked again for those alone that it doesn't account for", function()
    local options, log = service.options { { 200, data(3, 3, 1, named_b) }, gone }
    local result = assert(geelark.delete(ids, options))
    assert.same({ "a1", "c1" }, log[2].ids)
    assert.same({ "a1", "c1" }, result.presumedIds)
    assert.equal("b1", result.failDetails[1].id)
  end)
end)
