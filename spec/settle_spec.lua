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

  it("what was lost goes to the halves, where a refusal can't tell", function()
    local options = service.options({ lost[1][2], function(request)
      for _, id in ipairs(request.ids) do
        if id == "bad1" then return service.code(40004) end
      end
      return gone(request)
    end })
    local _, err = geelark.delete({ "a1", "bad1", "c1", "d1" }, options)
    assert.same({ "a1", "c1", "d1" }, err.result.presumedIds)
    assert.same({ "bad1" }, err.result.unknownIds)
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

  it("everywhere fails each by itself, where there are few", function()
    local options = service.options { { service.code(40005) } }
    assert.equal(7, assert(geelark.delete(service.ids(7), options)).failAmount)
  end)

  it("is looked for in the left half first, and to the bottom", function()
    local ids = service.ids(8)
    local options, log = service.options(refusing { [ids[1]] = true }, { concurrency = 1 })
    assert(geelark.delete(ids, options))
    local amounts = {}
    for i, request in ipairs(log) do amounts[i] = #request.ids end
    assert.same({ 8, 4, 2, 1, 1, 2, 4 }, amounts)
    assert.same({ ids[1] }, log[4].ids)
  end)

  for _, concurrency in ipairs { 1, 2, 64 } do
    it("everywhere stops the job after eight, at once " .. concurrency, function()
      local options, log = service.options({ { service.code(40004) } },
        { concurrency = concurrency })
      local ids = service.ids(1000)
      local _, err = geelark.delete(ids, options)
      assert.equal("refused", err.kind)
      assert.is_true(err.result.failAmount >= 8, err.result.failAmount .. " failed")
      assert.equal(1000, err.result.failAmount + #err.result.pendingIds)
      if concurrency <= 2 then assert.is_true(#log <= 60, #log .. " requests") end
    end)
  end

  it("everywhere is not taken for eight deletions where all were asked before", function()
    local options = service.options { { 502, "" }, { service.code(42001) } }
    local _, err = geelark.delete(service.ids(100), options)
    assert.equal("refused", err.kind)
    assert.is_true(#err.result.presumedIds <= 9)
    assert.equal(100, #err.result.presumedIds + #err.result.unknownIds)
  end)

  it("alone doesn't stop the job, nor do many where any was deleted", function()
    local options = service.options(function(request)
      if #request.ids == 1 and request.ids[1] ~= "z1" then return service.code(40004) end
      return service.success(request)
    end, { chunk_size = 1, concurrency = 1 })
    local ids = service.ids(20)
    table.insert(ids, 1, "z1")
    local result = assert(geelark.delete(ids, options))
    assert.equal(20, result.failAmount)
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
  local function coded(code, success, failed, details)
    return (data(3, success, failed, details):gsub('"code":%d+', '"code":' .. code, 1))
  end
  local missing = "failDetails has an entry without id or code"
  local twice = "failDetails names an id twice"
  local foreign = "failDetails names an id that was not asked for"
  local codeless = "successAmount 3 without a usable code"
  -- What the answer is, and which part of it is said not to add up.
  local cases = {
    { "a total too small", data(2, 2, 0, "[]"), "totalAmount says 2, 3 were asked for" },
    { "a total too large", data(4, 4, 0, "[]"), "totalAmount says 4, 3 were asked for" },
    { "successes and failures that are not the total", data(3, 3, 1, named_b),
      "successAmount 3 and failAmount 1 are not totalAmount 3" },
    { "negative amounts", data(3, -1, 4, "[]"),
      "successAmount -1 and failAmount 4 are not totalAmount 3" },
    { "a failure that is not named", data(3, 2, 1, "[]"),
      "failDetails names 0 ids, failAmount says 1" },
    { "a failure that is not named, null", data(3, 2, 1, "null"),
      "failDetails names 0 ids, failAmount says 1" },
    { "a failure that is not counted", data(3, 3, 0, named_b),
      "failDetails names 1 ids, failAmount says 0" },
    { "failures that are all counted, none named", data(3, 0, 3, "[]"), "failDetails is missing" },
    { "an id that was not asked for", data(3, 2, 1, "[" .. fail("x1", 43009) .. "]"), foreign },
    { "one that was asked for and one that was not",
      data(3, 1, 2, "[" .. fail("b1", 43009) .. "," .. fail("x1", 43009) .. "]"), foreign },
    { "an id named twice",
      data(3, 1, 2, "[" .. fail("b1", 43009) .. "," .. fail("b1", 43009) .. "]"), twice },
    { "an id named with two codes",
      data(3, 1, 2, "[" .. fail("b1", 43009) .. "," .. fail("b1", 42001) .. "]"), twice },
    { "an entry without a code", data(3, 2, 1, '[{"id":"b1","msg":"m"}]'), missing },
    { "an entry without an id", data(3, 2, 1, '[{"code":43009}]'), missing },
    { "an entry that is no object", data(3, 2, 1, '["b1"]'), missing },
    { "an id that is rounded", data(3, 2, 1, '[{"id":5.3e17,"code":43009}]'), missing },
    { "failDetails that are no list", data(3, 2, 1, '"b1"'), "failDetails is no list" },
    { "40006 without a failure", coded(40006, 3, 0, "[]"), "code 40006 with failAmount 0" },
    { "no amounts", '{"code":0,"data":{"failDetails":' .. named_b .. "}}", "there are no amounts" },
    { "no data", '{"code":0,"msg":"success"}', "there are no amounts" },
    { "no code", (data(3, 3, 0, "[]"):gsub('"code":0,', "")), codeless },
    { "a code that is null", coded("null", 3, 0, "[]"), codeless },
    { "a code that is no number", coded('"none"', 3, 0, "[]"), codeless },
  }
  -- Only success and partial success let data claim that anything was deleted.
  for _, code in ipairs { 40001, 40004, 40007, 40009, 40010, 42001, 43009 } do
    cases[#cases + 1] = { code .. " that claims a success", coded(code, 2, 1, named_b),
      ("code %d with successAmount 2"):format(code) }
    cases[#cases + 1] = { code .. " that claims nothing but successes", coded(code, 3, 0, "null"),
      ("code %d with successAmount 3"):format(code) }
  end
  for _, case in ipairs(cases) do
    it("(" .. case[1] .. ") settles nobody, and the message says which part", function()
      local options = service.options({ { 200, case[2] } }, { attempts = 1 })
      local _, err = geelark.delete(ids, options)
      assert.equal("protocol", err.kind)
      assert.same(ids, err.result.unknownIds)
      local said = "the answer does not add up: " .. case[3]
      assert.truthy(err.message:find(said, 1, true), err.message)
    end)
  end

  it("is asked again, for all that it should have been about", function()
    local options, log = service.options { { 200, data(3, 3, 1, named_b) }, gone }
    local result = assert(geelark.delete(ids, options))
    assert.same(ids, log[2].ids)
    assert.same(ids, result.presumedIds)
  end)

  it("stops the job where its code does; what claims a success there is unknown", function()
    local options, log = service.options { { 200, coded(40003, 3, 0, "null") } }
    local _, err = geelark.delete(ids, options)
    assert.equal("auth", err.kind)
    assert.same(ids, err.result.unknownIds)
    assert.equal(1, #log)
  end)
end)

describe("an answer that bears another request's traceId", function()
  local function answering(trace_of)
    local traces = {}
    return service.options(function(request, n)
      traces[n] = request.traceId
      local _, body = service.success(request)
      return 200, (body:gsub('"traceId":"t"', ('"traceId":"%s"'):format(trace_of(traces, n))))
    end, { chunk_size = 1, concurrency = 1, attempts = 2 })
  end

  for how, change in pairs {
    ["as it was sent"] = function(trace) return trace end,
    ["without dashes, in capitals"] = function(trace) return (trace:gsub("-", ""):upper()) end,
  } do
    it("is lost, " .. how, function()
      local options = answering(function(traces, n)
        return change(traces[n == 1 and 1 or n - 1])
      end)
      local _, err = geelark.delete({ "a1", "b1" }, options)
      assert.equal(1, err.result.successAmount)
      assert.same({ "b1" }, err.result.unknownIds)
      local said = "it bears the traceId of another request"
      assert.truthy(err.message:find(said, 1, true), err.message)
    end)
  end

  it("is its own where it bears that one, or one that nobody sent", function()
    for _, trace_of in ipairs {
      function(traces, n) return traces[n]:upper() end,
      function() return "00000000-0000-4000-8000-000000000000" end,
      function() return "not one" end,
    } do
      assert.equal(2, assert(geelark.delete({ "a1", "b1" }, (answering(trace_of)))).successAmount)
    end
  end)

  it("is lost also where that was a request of another job of the client", function()
    local options, trace = service.options(service.success), nil
    local client = assert(geelark.new { token = options.token, clock = options.clock })
    client:delete({ "a1" }, { transport = function(request)
      trace = request.traceId
      return service.success(request)
    end })
    local _, err = client:delete({ "b1" }, { attempts = 1, transport = function(request)
      local _, body = service.success(request)
      return 200, (body:gsub('"traceId":"t"', ('"traceId":"%s"'):format(trace)))
    end })
    assert.same({ "b1" }, err.result.unknownIds)
  end)

  it("is lost also where the client was closed before it was read", function()
    local requests, options = {}, service.options(service.success)
    local client = assert(geelark.new { token = options.token, clock = options.clock })
    local job = client:start({ "a1", "b1" }, { chunk_size = 1, concurrency = 2,
      transport = function(request) requests[#requests + 1] = request end })
    job:step()
    local _, body = service.success(requests[2])
    local replayed = ('"traceId":"%s"'):format(requests[1].traceId)
    requests[2]:answer(200, (body:gsub('"traceId":"t"', replayed)))
    client:close()
    repeat until job:step()
    local _, err = job:result()
    assert.equal(0, err.result.successAmount)
  end)
end)
