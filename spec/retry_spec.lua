-- What every code and every fault leads to: the rows of the service's tables, one by one.

local geelark = require "geelark"
local service = require "spec.support.service"

-- Four ids in two requests, one at a time; the first request meets `answer` always.
local function run(answer, more)
  local options, log = service.options(function(request, n)
    if request.ids[1] ~= "a1" then return service.success(request) end
    if type(answer) == "function" then return answer(request, n) end
    return answer[1], answer[2], answer[3]
  end, { chunk_size = 2, concurrency = 1 })
  for name, value in pairs(more or {}) do options[name] = value end
  local result, err = geelark.delete({ "a1", "b1", "c1", "d1" }, options)
  return result, err, log
end

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
      assert.equal(kind == "locked" and 7200 or nil, err.retryAfter)
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

  for _, code in ipairs { 40004, 40005 } do
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
      if n <= 10 then return service.code(40007) end
      return service.success(request)
    end)
    assert.equal(4, result.successAmount)
    for i = 2, 11 do assert.is_true(log[i].at - log[i - 1].at >= 60) end
    assert.is_true(log[11].at <= 601)
    assert.equal(11, result.requests[1].attempts)
  end)

  it("40007 for a whole hour stops the job, kind quota, all pending", function()
    local _, err, log = run { service.code(40007) }
    assert.equal("quota", err.kind)
    assert.equal(60, err.retryAfter)
    assert.same({ "a1", "b1", "c1", "d1" }, err.result.pendingIds)
    assert.is_true(#log <= 62)
  end)

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

  for _, code in ipairs { 40010, 42001, 43009, 12345 } do
    it(code .. " without data refuses each id of the request with code and message", function()
      local result, err, log = run { service.code(code) }
      assert.is_nil(err)
      assert.equal(2, result.failAmount)
      assert.same({ id = "b1", code = code, msg = "said so" }, result.failDetails[2])
      assert.equal(2, #log)
    end)
  end

  it("40009 without data does so too", function()
    assert.equal(2, run { service.code(40009) }.failAmount)
  end)

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
    { 408, "" }, { 500, service.envelope(0, 2, {}) }, { 204, "" }, { 200, "" } }
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

  it("400 with an envelope goes by its code", function()
    local result = assert(run { 400, '{"code":43021,"msg":"m"}' })
    assert.equal(43021, result.failDetails[1].code)
  end)

  it("400 that claims success contradicts itself", function()
    local _, err = run({ 400, service.envelope(0, 2, {}) }, { attempts = 1 })
    assert.same({ "a1", "b1" }, err.result.unknownIds)
  end)
end)

describe("Retry-After", function()
  local function waited(answer)
    local n = 0
    local _, _, log = run(function(request)
      n = n + 1
      if n == 1 then return answer[1], answer[2], answer[3] end
      return service.success(request)
    end)
    return log[2].at - log[1].at
  end

  it("in seconds is honoured", function()
    local seconds = waited { 429, "", { ["Retry-After"] = "17" } }
    assert.is_true(seconds >= 17 and seconds < 18)
  end)

  it("as a number and in another case is honoured", function()
    local seconds = waited { 503, "", { ["retry-after"] = 30 } }
    assert.is_true(seconds >= 30 and seconds < 31)
  end)

  it("as an HTTP date is read by the service's own clock", function()
    local seconds = waited { 503, "", { Date = "Sun, 06 Nov 1994 08:49:37 GMT",
      ["Retry-After"] = "Sun, 06 Nov 1994 08:50:37 GMT" } }
    assert.is_true(seconds >= 60 and seconds < 61)
  end)

  it("as an HTTP date without a Date is read by the wall's clock", function()
    local seconds = waited { 503, "",
      { ["Retry-After"] = os.date("!%a, %d %b %Y %H:%M:%S GMT", os.time() + 100) } }
    assert.is_true(seconds > 95 and seconds < 102)
  end)

  it("that is neither is ignored", function()
    assert.is_true(waited { 503, "", { ["Retry-After"] = "soon" } } < 1)
  end)

  it("never waits for more than an hour", function()
    assert.is_true(waited { 429, "", { ["Retry-After"] = "99999999" } } <= 3601)
  end)
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
