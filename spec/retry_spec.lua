-- What every code and every fault leads to: the rows of the service's tables, one by one.

local geelark = require "geelark"
local run = require "spec.support.first_chunk"
local service = require "spec.support.service"

describe("envelope code", function()
  local stops = {
    [40002] = "auth", [40003] = "auth", [40011] = "refused", [40012] = "refused",
    [40013] = "auth", [40015] = "auth", [40016] = "auth", [41001] = "refused",
    [46001] = "refused", [90001] = "auth", [90004] = "auth", [90007] = "auth",
    [40014] = "locked", [47002] = "locked",
  }
  for code, kind in pairs(stops) do
    it(code .. " stops the job, kind " .. kind .. ", all pending", function()
      local result, err, log = run { service.code(code) }
      assert.is_nil(result)
      assert.equal(kind, err.kind)
      assert.equal(code, err.code)
      assert.equal(200, err.httpStatus)
      assert.equal(log[1].traceId, err.traceId)
      assert.same({ "a1", "b1", "c1", "d1" }, err.result.pendingIds)
      assert.equal(code == 40014 and 7200 or nil, err.retryAfter)
      assert.equal(1, #log)
    end)
  end

  for _, code in ipairs { 40000, 50000 } do
    it(code .. " is tried again; the service may have acted, so the ids end unknown", function()
      local result, err, log = run { service.code(code) }
      assert.is_nil(result)
      assert.equal("server", err.kind)
      assert.same({ "a1", "b1" }, err.result.unknownIds)
      assert.equal(2, err.result.successAmount)
      assert.equal(5, #log)
    end)
  end

  it("40001 is tried again; nothing was done, so the ids end pending", function()
    local _, err, log = run { service.code(40001) }
    assert.equal("server", err.kind)
    assert.same({ "a1", "b1" }, err.result.pendingIds)
    assert.equal(5, #log)
  end)

  for _, code in ipairs { 40004, 40005, 40010, 42001, 42999, 43009, 43038, 43999 } do
    it(code .. " halves the request until the bad id stands alone", function()
      local result, _, log = run { service.code(code) }
      assert.equal(3, result.successAmount)
      assert.same({ { id = "a1", code = code, msg = "said so" } }, result.failDetails)
      assert.equal(4, #log)
    end)
  end

  it("40007 waits out the minute and costs no attempt", function()
    local n = 0
    local result, _, log = run(function(request)
      n = n + 1
      if n <= 5 then return service.code(40007) end
      return service.success(request)
    end)
    assert.equal(4, result.successAmount)
    for i = 2, 6 do assert.is_true(log[i].at - log[i - 1].at >= 60) end
    assert.is_true(log[6].at <= 301)
    assert.equal(6, result.requests[1].attempts)
  end)

  for _, code in ipairs { 40007, 40017 } do
    it("a try that is lost long after one " .. code .. " stops nothing", function()
      local n, options, log = 0 -- of which the transport needs the last
      options, log = service.options(function(request)
        n = n + 1
        if n == 1 then return service.code(code) end
        if n > 2 then return service.success(request) end
        log.advance(350)
        return nil, "reset", true
      end)
      assert.equal(1, assert(geelark.delete({ "a1" }, options)).successAmount)
      assert.equal(3, #log)
    end)

    it(code .. " for five minutes stops the job, kind quota, all pending", function()
      local _, err, log = run { service.code(code) }
      assert.equal("quota", err.kind)
      assert.equal(60, err.retryAfter)
      assert.same({ "a1", "b1", "c1", "d1" }, err.result.pendingIds)
      assert.equal(6, #log)
    end)
  end

  it("40017 does the same and sends one request at a time from then on", function()
    local now, in_flight, most, waiting, refused = 0, 0, 0, {}, false
    local result = assert(geelark.delete(service.ids(30), {
      token = "token", chunk_size = 1, concurrency = 4,
      transport = function(request)
        in_flight = in_flight + 1
        if refused then most = math.max(most, in_flight) end
        waiting[#waiting + 1] = request
      end,
      clock = {
        now = function() return now end,
        sleep = function(seconds)
          local request = table.remove(waiting, 1)
          now = now + (request and 0.1 or seconds)
          if not request then return end
          in_flight = in_flight - 1
          if in_flight == 0 and not refused then
            refused = true
            request:answer(service.code(40017))
          else
            request:answer(service.success(request))
          end
        end,
      },
    }))
    assert.equal(30, result.successAmount)
    assert.is_true(most >= 1 and most <= 2) -- it recovers slowly: after twenty answers
  end)

  for _, code in ipairs { 12345, 40018, -1, 44001 } do
    it(code .. " isn't known: it stops the job, kind refused, its ids unknown", function()
      local _, err, log = run { service.code(code) }
      assert.equal("refused", err.kind)
      assert.equal(code, err.code)
      assert.same({ "a1", "b1" }, err.result.unknownIds)
      assert.same({ "c1", "d1" }, err.result.pendingIds)
      assert.equal(1, #log)
    end)
  end

  it("40009 without data refuses each id of the request with code and message", function()
    local result, err, log = run { service.code(40009) }
    assert.is_nil(err)
    assert.equal(2, result.failAmount)
    assert.same({ id = "b1", code = 40009, msg = "said so" }, result.failDetails[2])
    assert.equal(2, #log)
  end)

  for _, code in ipairs { 40009, 40004, 43009 } do
    it(code .. " with data that add up goes by them", function()
      local result = assert(run(function(request)
        local failures = {}
        for i, id in ipairs(request.ids) do failures[i] = service.failure(id, 43021) end
        return 200, service.envelope(code, #request.ids, failures)
      end))
      assert.equal(43021, result.failDetails[1].code)
      assert.equal(2, result.failAmount)
    end)
  end

  it("40006 or 0 without data says nothing about any id", function()
    for _, code in ipairs { 0, 40006 } do
      local _, err = run({ service.code(code) }, { attempts = 1 })
      assert.equal("protocol", err.kind)
      assert.same({ "a1", "b1" }, err.result.unknownIds)
    end
  end)
end)

describe("a code in failDetails", function()
  for _, code in ipairs { 42001, 43004, 43005, 43006, 43009, 43010, 43011, 43021, 49999 } do
    it(code .. " is that id's failure on a first try", function()
      local result = assert(run(function(request)
        return 200, service.envelope(40006, #request.ids, { service.failure("b1", code) })
      end))
      assert.same({ { id = "b1", code = code, msg = "msg" } }, result.failDetails)
      assert.same({}, result.presumedIds)
      assert.equal(3, result.successAmount)
    end)
  end
end)

describe("HTTP status", function()
  local sure = { [301] = "protocol", [302] = "protocol", [307] = "protocol", [400] = "protocol",
    [404] = "protocol", [413] = "protocol", [401] = "auth", [403] = "auth" }
  for status, kind in pairs(sure) do
    it(status .. " without an envelope stops the job, kind " .. kind .. ", all pending", function()
      local _, err, log = run { status, "<html>", { Location = "http://elsewhere" } }
      assert.equal(kind, err.kind)
      assert.equal(status, err.httpStatus)
      assert.same({ "a1", "b1", "c1", "d1" }, err.result.pendingIds)
      assert.equal(1, #log)
    end)
  end

  local lost = { { 500, "" }, { 502, '{"error":"bad gateway"}' }, { 503, "<html>" }, { 524, "" },
    { 408, "" }, { 204, "" }, { 200, "" },
    { 500, '{"code":12345}' }, { 408, '{"code":12345}' }, { 503, '{"code":50000}' } }
  for _, case in ipairs(lost) do
    it(("%d with the body %q is a lost answer"):format(case[1], case[2]:sub(1, 12)), function()
      local _, err, log = run(case)
      assert.same({ "a1", "b1" }, err.result.unknownIds)
      assert.equal(5, #log)
    end)
  end

  it("429 is tried again; nothing was done, so the ids end pending, kind quota", function()
    local _, err, log = run { 429, "" }
    assert.equal("quota", err.kind)
    assert.same({ "a1", "b1" }, err.result.pendingIds)
    assert.equal(5, #log)
  end)

  it("429 with an unknown code counts as one without an envelope", function()
    local _, err, log = run { 429, '{"code":12345}' }
    assert.equal("quota", err.kind)
    assert.equal(5, #log)
  end)

  -- An envelope with a known code decides, whatever the status.
  for _, status in ipairs { 301, 400, 401, 403, 404, 408, 429, 500, 502, 503 } do
    it(status .. " with an envelope goes by its code", function()
      local named = service.envelope(40009, 2,
        { service.failure("a1", 43021), service.failure("b1", 43009) })
      assert.equal(2, run { status, named }.failAmount)
      assert.equal(4, run { status, service.envelope(0, 2, {}) }.successAmount)
      local _, err, log = run { status, '{"code":40014,"msg":"m"}' }
      assert.same({ "locked", 1, 7200 }, { err.kind, #log, err.retryAfter })
      assert.equal(4, #err.result.pendingIds)
    end)
  end
end)

describe("back-off", function()
  it("has full jitter: it doubles from half a second and is capped at twenty", function()
    local longest, shortest = {}, {}
    for seed = 1, 200 do
      local options, log = service.options({ { 200, "{" } }, { attempts = 9 })
      options.clock.seed = seed
      -- An answer, however useless, keeps the job from taking the service for dead.
      options.transport = (function(transport)
        return function(request)
          transport(request)
          return service.code(50000)
        end
      end)(options.transport)
      geelark.delete({ "a1" }, options)
      for i = 2, #log do
        local wait = log[i].at - log[i - 1].at
        longest[i] = math.max(longest[i] or 0, wait)
        shortest[i] = math.min(shortest[i] or math.huge, wait)
      end
    end
    for i = 2, 9 do
      local most = math.min(20, 0.5 * 2 ^ (i - 2))
      assert.is_true(longest[i] <= most and longest[i] > 0.9 * most, "try " .. i)
      assert.is_true(shortest[i] < 0.1 * most, "try " .. i)
    end
  end)

  it("is repeatable with a seed", function()
    local function times()
      local options, log = service.options { { 502, "" } }
      geelark.delete({ "a1" }, options)
      return log[2].at, log[3].at, log[4].at
    end
    assert.same({ times() }, { times() })
  end)
end)
