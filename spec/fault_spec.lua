-- What went wrong, as a table and as text.

local geelark = require "geelark"
local service = require "spec.support.service"

describe("an error", function()
  it("prints as one line with what support asks for", function()
    local options, log = service.options({ { 502, "<html>Bad\r\nGateway\27[31m</html>" } },
      { attempts = 1 })
    local _, err = geelark.delete({ "a1", "b1" }, options)
    local text = tostring(err)
    assert.equal(err.message, text)
    assert.is_nil(text:find "[%z\1-\31\127]")
    for _, part in ipairs { "server", log[1].traceId, "HTTP 502", "Bad", "Gateway", "2 unknown" } do
      assert.truthy(text:find(part, 1, true), text)
    end
    assert.equal("server", err.kind)
    assert.equal(502, err.httpStatus)
    assert.equal(log[1].traceId, err.traceId)
  end)

  it("tells how many ids came to what, without those that are none", function()
    local options = service.options({ service.success, { service.code(40014) } },
      { chunk_size = 2, concurrency = 1 })
    local _, err = geelark.delete({ "a1", "b1", "c1", "d1", "e1" }, options)
    assert.matches(" %(5 ids: 2 deleted, 3 pending%)$", err.message)
    _, err = geelark.delete({ "a1" }, (service.options { { service.code(40014) } }))
    assert.matches(" %(1 id: 1 pending%)$", err.message)
  end)

  it("can be put together with other text", function()
    local _, err = geelark.delete({ "a1" }, (service.options { { service.code(40014) } }))
    assert.equal("failed: " .. err.message, "failed: " .. err)
    assert.equal(err.message .. "!", err .. "!")
    assert.has_error(function() return err .. {} end)
  end)

  it("cuts a long body, between characters", function()
    local _, err = geelark.delete({ "a1" }, (service.options({ { 502, ("云"):rep(5000) } },
      { attempts = 1 })))
    assert.is_true(#err.message < 800)
    assert.truthy(err.message:find("云...", 1, true))
  end)

  it("has the kind of the first fault that decided", function()
    local options = service.options(function(request, n)
      if request.ids[1] == "a1" then return 429, "" end
      return n > 0 and 502 or 200, ""
    end, { chunk_size = 1, concurrency = 1, attempts = 1 })
    local _, err = geelark.delete({ "a1", "b1" }, options)
    assert.equal("quota", err.kind)
    assert.same({ "a1" }, err.result.pendingIds)
    assert.same({ "b1" }, err.result.unknownIds)
  end)
end)

describe("a fault that repeats didn't heal says how many tries in how many seconds:", function()
  local cases = {
    { "no connection", { nil, "no route", false }, "no route, after 4 tries in %d+%.%d s" },
    { "time-outs", { nil, "timeout", true }, "timeout: timeout, after 4 tries in %d+%.%d s" },
    { "a service that is down", { 502, "" }, ", after 4 tries in %d+%.%d s; traceId .*HTTP 502" },
  }
  for _, case in ipairs(cases) do
    it(case[1], function()
      local answer = case[2]
      local options, log = service.options(function() return answer[1], answer[2], answer[3] end)
      local _, err = geelark.delete({ "a1" }, options)
      assert.matches(case[3], err.message)
      local seconds = tonumber(err.message:match "tries in (%S+) s")
      assert.is_true(math.abs(seconds - log.now()) <= 0.05001, err.message)
    end)
  end

  it("one try", function()
    local options = service.options(function() return nil, "no route" end, { attempts = 1 })
    local _, err = geelark.delete({ "a1" }, options)
    assert.matches("^network: no route, after 1 try in 0%.0 s; ", err.message)
  end)

  it("but a refusal at the first one doesn't", function()
    local _, err = geelark.delete({ "a1" }, (service.options { { service.code(40015) } }))
    assert.is_nil(err.message:find(" tr[yi]"), err.message)
  end)
end)

describe("an answer from where the service isn't says which URL was asked:", function()
  for _, status in ipairs { 301, 302, 307, 404, 405 } do
    it("HTTP " .. status, function()
      local options = service.options({ { status, "<html>" } },
        { base_url = "https://api.example.com/v0//" })
      local _, err = geelark.delete({ "a1" }, options)
      assert.equal("protocol", err.kind)
      assert.truthy(err.message:find(
        ", asked was https://api.example.com/v0/open/v1/phone/delete; traceId", 1, true))
      assert.equal(status, err.httpStatus)
      assert.truthy(err.message:find("body: <html>", 1, true), err.message)
    end)
  end

  it("as far as there is room for it", function()
    for length = 250, 330 do
      local options = service.options({ { 502, "" }, { 404, "<html>" } },
        { base_url = "https://api.example.com/" .. ("x"):rep(length) })
      local _, err = geelark.delete({ "a1" }, options)
      assert.truthy(err.message:find(", HTTP 404, body: <html> (1 id: 1 unknown)", 1, true),
        err.message)
    end
  end)

  it("but not where the service itself answers, or refuses access", function()
    for _, answer in ipairs { { 404, '{"code":40015,"msg":"m"}' }, { 403, "" }, { 400, "" } } do
      local _, err = geelark.delete({ "a1" }, (service.options { answer }))
      assert.is_nil(err.message:find("asked was", 1, true), err.message)
    end
  end)
end)

describe("a signature that is refused", function()
  local DATE, SECONDS = "Tue, 14 Nov 2023 22:13:20 GMT", 1700000000

  -- The message, where this machine's clock is so many seconds off. The answer takes its time.
  local function message(off, more)
    local now = SECONDS + off
    local options = service.options({ function()
      now = now + (more.delay or 0)
      return 200, ('{"code":%d,"msg":"m"}'):format(more.code or 40003), { Date = more.date or DATE }
    end })
    if not more.token then
      options.token, options.app_id, options.api_key = nil, "app", "key-of-a-spec"
    end
    options.clock.now = function() return now end
    return select(2, geelark.delete({ "a1" }, options)).message
  end

  for off, words in pairs { [3600] = "1 h 0 min ahead", [-3600] = "1 h 0 min behind",
    [61] = "1 min ahead", [-125] = "2 min behind", [28805] = "8 h 0 min ahead",
    [100000] = "27 h 46 min ahead", [-86400 * 400] = "400 days behind" } do
    it("blames a clock that is " .. words, function()
      local text = message(off, {})
      assert.truthy(text:find("; this machine's clock is " .. words .. "; traceId", 1, true), text)
    end)
  end

  for what, case in pairs {
    ["that is a minute off"] = { 60, {} }, ["that is a minute behind"] = { -60, {} },
    ["that is right, though the answer was 50 s on its way"] = { -10, { delay = 50 } },
    ["for a token's sake"] = { 3600, { token = true } },
    ["for another code's sake"] = { 3600, { code = 40015 } },
    ["where the answer has no date"] = { 3600, { date = "" } },
    ["where the answer's date is none"] = { 3600, { date = "yesterday" } },
  } do
    it("blames no clock " .. what, function()
      local text = message(case[1], case[2])
      assert.is_nil(text:find("clock", 1, true), text)
    end)
  end
end)
