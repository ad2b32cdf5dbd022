-- How long the service may make us wait: Retry-After, by RFC 9110's grammar, and max_wait.

local geelark = require "geelark"
local played = require "spec.support.played"
local run = require "spec.support.first_chunk"
local service = require "spec.support.service"

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
    local till = os.time() + 100
    local seconds = waited { 503, "",
      { ["Retry-After"] = os.date("!%a, %d %b %Y %H:%M:%S GMT", till) } }
    assert.is_true(seconds > till - os.time() - 2 and seconds < 102)
  end)

  it("that is neither is ignored", function()
    assert.is_true(waited { 503, "", { ["Retry-After"] = "soon" } } < 1)
  end)

  it("on a success is ignored", function()
    local _, _, log = run(function(request)
      local status, body = service.success(request)
      return status, body, { ["Retry-After"] = "100" }
    end)
    assert.equal(log[1].at, log[2].at)
  end)

  for _, case in ipairs { { 429, "quota", "pendingIds" }, { 503, "server", "unknownIds" } } do
    it(("longer than max_wait ends the job after %d, kind %s"):format(case[1], case[2]), function()
      local _, err, log = run { case[1], "", { ["Retry-After"] = "121" } }
      assert.same({ case[2], 121, 1 }, { err.kind, err.retryAfter, #log })
      assert.matches(", asks for a pause of 121 s", err.message, 1, true)
      assert.same({ "a1", "b1" }, { err.result[case[3]][1], err.result[case[3]][2] })
    end)
  end

  it("as long as max_wait is waited for", function()
    local n = 0
    local result, _, log = run(function(request)
      n = n + 1
      if n == 1 then return 503, "", { ["Retry-After"] = "300" } end
      return service.success(request)
    end, { max_wait = 300 })
    assert.equal(4, result.successAmount)
    assert.is_true(log[2].at >= 300)
  end)

  it("beside 40007 is honoured, too", function()
    local _, body = service.code(40007)
    local seconds = waited { 200, body, { ["Retry-After"] = "90" } }
    assert.is_true(seconds >= 90 and seconds < 91)
    local _, err = run { 200, body, { ["Retry-After"] = "1000" } }
    assert.same({ "quota", 1000 }, { err.kind, err.retryAfter })
  end)

  it("too long for one job isn't waited for by the client's next one either", function()
    for _, answer in ipairs { { 429, "" }, { 503, "" }, { service.code(40007) } } do
      local now, asked = 0, 0
      local client = geelark.new { token = "t",
        clock = { now = function() return now end, sleep = function(s) now = now + s end },
        transport = function(request)
          asked = asked + 1
          if asked > 1 then return service.success(request) end
          return answer[1], answer[2], { ["Retry-After"] = "100000" }
        end }
      local _, err = client:delete { "a1" }
      assert.equal(100000, err.retryAfter)
      assert.equal(1, assert(client:delete { "a1" }).successAmount)
      assert.is_true(now <= 120, "waited " .. now .. " s")
    end
  end)

  -- A client whose requests are answered by pauses of so many seconds, and then well.
  local function pausing(...)
    local now, log, pauses = 0, {}, { ... }
    local client = geelark.new { token = "t", chunk_size = 1,
      clock = { now = function() return now end, sleep = function(s) now = now + s end },
      transport = function(request)
        log[#log + 1] = now
        if not pauses[#log] then return service.success(request) end
        return 503, "", { ["Retry-After"] = tostring(pauses[#log]) }
      end }
    return client, log, function() return now end
  end

  it("that one job waits for is waited for by another as long as its own max_wait", function()
    local client, log, now = pausing(3000)
    local patient = client:start({ "a1" }, { max_wait = 5000 })
    patient:step()
    assert(client:delete({ "b1" }, { max_wait = 10 }))
    assert.equal(10, now())
    assert(client:delete({ "b2" }, { max_wait = 10 }))
    patient:step()
    assert.same({ 2990, "the service asked for a pause" },
      { patient:progress().waiting, patient:progress().reason })
    assert(client:delete({ "c1" }, { max_wait = 3000 }))
    assert.same({ 0, 10, 10, 3000 }, log)
  end)

  it("holds back the others though one of them waits for a longer one", function()
    local client, log, now = pausing(3000, 8)
    client:start({ "a1" }, { max_wait = 5000 }):step()
    local job = client:start({ "b1" }, { max_wait = 10 })
    job:step(10)
    assert.same({ 0, 10 }, log)
    assert(client:delete({ "c1" }, { max_wait = 10 }))
    assert.is_true(now() >= 18 and now() <= 20, now())
  end)

  it("is honoured by the others where the try was the last one", function()
    local client, log = pausing(40)
    local _, err = client:delete({ "a1", "b1" }, { attempts = 1, concurrency = 1 })
    assert.same({ "a1" }, err.result.unknownIds)
    assert.same({ 0, 40 }, log)
  end)

  -- What isn't the grammar's is none, whatever strtod or a C library would make of it.
  for _, value in ipairs { "1e400", "1e2", "0x10", "120, 120", "5;x", "+5", "-5", "0.5", "inf", "",
    " ", "-20400101", "x20400101", "Fri, 31 Dec 9999" } do
    it(("%q is none"):format(value), function()
      local _, err = run({ 429, "", { ["Retry-After"] = value } }, { attempts = 1 })
      assert.is_nil(err.retryAfter)
    end)
  end

  it("of a day far off is too long, and no more than a number in range", function()
    local _, err = run { 429, "", { ["Retry-After"] = "Fri, 31 Dec 9999 23:59:59 GMT" } }
    assert.equal(1e9, err.retryAfter)
  end)

  it("of a date counts from our clock where the answer has no date, to the fraction", function()
    local _, err = run({ 429, "", { ["Retry-After"] = "Tue, 14 Nov 2023 22:18:20 GMT" } }, {
      clock = { now = function() return 1700000000.25 end }, -- 300 s before, less a quarter
    })
    assert.same({ "quota", 299.75 }, { err.kind, err.retryAfter })
  end)

  it("too long beside an answer that doesn't add up leaves the message what doesn't", function()
    local _, err = run { 200, service.envelope(0, 3, {}), { ["Retry-After"] = "121" } }
    assert.same({ "protocol", 121 }, { err.kind, err.retryAfter })
    assert.truthy(err.message:find("totalAmount says 3, 2 were asked for", 1, true), err.message)
  end)

  it("shorter than the service's lock is not what the message says either", function()
    local _, err = run { 429, '{"code":40014,"msg":"wait"}', { ["Retry-After"] = "90" } }
    assert.same({ "locked", 7200 }, { err.kind, err.retryAfter })
    assert.is_nil(err.message:find("pause of 90", 1, true), err.message)
  end)

  it("of any length is a number of seconds, and too long", function()
    local _, err = run { 429, "", { ["Retry-After"] = ("9"):rep(400) } }
    assert.equal(1e9, err.retryAfter)
  end)

  it("of an interim response is not that of the answer", function()
    local server = played()
    finally(function() server:close() end)
    local job = geelark.start({ "a1" }, { token = "t", base_url = server.url, attempts = 1 })
    local connection = server:accept(job)
    connection:read(job)
    assert(connection.socket:xwrite("HTTP/1.1 103 Early Hints\r\nRetry-After: 500\r\n\r\n", "bn"))
    connection:answer(503, "busy")
    while not job:step(1) do end
    local _, err = job:result()
    assert.equal(503, err.httpStatus)
    assert.is_nil(err.retryAfter)
  end)
end)
