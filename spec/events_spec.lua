-- What on_event and on_progress tell.

local geelark = require "geelark"
local service = require "spec.support.service"

describe("on_event", function()
  it("comes before each request and after each settled chunk", function()
    local events = {}
    local options, log = service.options({ { 502, "" }, function(request)
      return 200, service.envelope(40006, 2, { service.failure(request.ids[2], 43009) })
    end }, { on_event = function(event) events[#events + 1] = event end })
    assert(geelark.delete({ "a1", "b1" }, options))
    assert.equal(4, #events)
    assert.equal("lost", table.remove(events, 2).type)
    assert.equal("send", events[1].type)
    assert.equal("delete", events[1].action)
    assert.same({ "a1", "b1" }, events[1].ids)
    assert.equal(log[1].traceId, events[1].traceId)
    assert.equal(1, events[1].attempt)
    assert.equal(2, events[2].attempt)
    assert.equal(log[2].traceId, events[2].traceId)
    local settled = events[3]
    assert.equal("settle", settled.type)
    assert.equal(log[2].traceId, settled.traceId)
    assert.equal(2, settled.attempts)
    assert.same({ "a1" }, settled.deletedIds)
    assert.same({ { id = "b1", code = 43009, msg = "msg" } }, settled.failDetails)
    assert.same({}, settled.pendingIds)
  end)

  it("and on_progress count up to the whole", function()
    local last
    local options = service.options(service.success, { chunk_size = 3,
      on_progress = function(progress)
        assert.equal(10, progress.totalAmount)
        assert.equal(10, progress.successAmount + progress.failAmount + progress.unknownAmount
          + progress.pendingAmount)
        last = progress
      end })
    assert(geelark.delete(service.ids(10), options))
    assert.equal(10, last.successAmount)
    assert.equal(0, last.inFlight)
  end)
end)

describe("a try that came to nothing", function()
  local function told(answers, more)
    local lost = {}
    local options, log = service.options(answers, more)
    options.on_event = function(event) if event.type == "lost" then lost[#lost + 1] = event end end
    geelark.delete({ "a1", "b1" }, options)
    return lost, log
  end

  -- What came of the first try; whether it may have left, the kind, and the next try's moment.
  local cases = {
    { "a reset", { nil, "connection reset", true }, true, "network" },
    { "a time-out", { nil, "timeout", true }, true, "timeout" },
    { "a refused connection", { nil, "connection refused", false }, false, "network" },
    { "502", { 502, "" }, true, "server" },
    { "429", { 429, "" }, true, "quota" },
    { "50000", { service.code(50000) }, true, "server" },
    { "40007", { service.code(40007) }, true, "quota" },
    { "no JSON", { 200, "<html>" }, true, "protocol" },
    { "an answer that doesn't add up", { 200, service.envelope(0, 7, {}) }, true, "protocol" },
  }
  for _, case in ipairs(cases) do
    it("is told: " .. case[1], function()
      local lost, log = told { case[2], service.success }
      assert.equal(1, #lost)
      assert.equal("delete", lost[1].action)
      assert.same({ "a1", "b1" }, lost[1].ids)
      assert.equal(log[1].traceId, lost[1].traceId)
      assert.equal(case[3], lost[1].sent)
      assert.equal(case[4], lost[1].kind)
      assert.is_true(#lost[1].message > 0)
      local waited = log[2].at - log[1].at
      assert.is_true(math.abs(waited - lost[1].retryIn) < 0.1, waited .. " " .. lost[1].retryIn)
    end)
  end

  it("is told of the last try, too, which nothing follows", function()
    local lost = told({ { 502, "" } }, { attempts = 2 })
    assert.equal(2, #lost)
    assert.is_number(lost[1].retryIn)
    assert.is_nil(lost[2].retryIn)
  end)

  it("is not told where the answer decides", function()
    for _, answer in ipairs { service.success, { service.code(40003) }, { service.code(40009) } } do
      assert.same({}, (told { answer }))
    end
  end)

  it("names no secret that the answer sent back", function()
    local lost = told({ function(request) return nil, request.headers.Authorization, true end },
      { attempts = 1 })
    assert.is_nil(lost[1].message:find("token-of-the-spec", 1, true))
  end)
end)

describe("a wait", function()
  local function waits(answers, more)
    local told = {}
    local options = service.options(answers, more)
    options.on_event = function(event) if event.type == "wait" then told[#told + 1] = event end end
    local result, err = geelark.delete(service.ids(4), options)
    return told, result, err
  end

  local cases = {
    { "our own quota", service.success, { chunk_size = 1, requests_per_minute = 3 },
      "the minute's limit", 60 },
    { "our own hour", service.success, { chunk_size = 1, requests_per_hour = 3 },
      "the hour's limit", 3600 },
    { "40007", { { service.code(40007) }, service.success }, {}, "the minute's limit", 60 },
    { "40017", { { service.code(40017) }, service.success }, {}, "too many requests at once", 60 },
    { "Retry-After", { { 503, "", { ["Retry-After"] = "33" } }, service.success }, {},
      "the service asked for a pause", 33 },
  }
  for _, case in ipairs(cases) do
    it("is told once, with its reason: " .. case[1], function()
      local told = waits(case[2], case[3])
      assert.equal(1, #told)
      assert.equal(case[4], told[1].reason)
      assert.is_true(math.abs(told[1].seconds - case[5]) < 2, tostring(told[1].seconds))
    end)
  end

  it("for a next try of more than a second is told, shorter ones aren't", function()
    local told = waits({ { service.code(50000) } }, { attempts = 9 })
    assert.is_true(#told >= 2 and #told < 8, #told .. " told")
    for _, event in ipairs(told) do
      assert.is_true(event.seconds > 1)
      assert.equal("the next try", event.reason)
    end
  end)

  it("for a limiter is told", function()
    local n = 0
    local told = waits(service.success, { limiter = {
      take = function()
        n = n + 1
        if n == 1 then return nil, 5 end
        return true
      end,
      give = function() end,
    } })
    assert.same({ "the limiter", 5 }, { told[1].reason, told[1].seconds })
  end)

  -- What a limiter does that refuses `refusals` times.
  local function refusing(refusals, seconds, why)
    return { give = function() end, take = function()
      refusals = refusals - 1
      if refusals < 0 then return true end
      return nil, seconds, why
    end }
  end

  it("for a limiter that asks for short ones again and again is told once it is long", function()
    local told = waits(service.success, { limiter = refusing(100, 0.1) })
    assert.equal(1, #told)
    assert.equal("the limiter", told[1].reason)
    assert.same({}, (waits(service.success, { limiter = refusing(5, 0.1) })))
  end)

  it("for less than a second isn't told, though the limiter refuses another path", function()
    local told, refused, unanswered = {}, false, nil
    local options = service.options(function(request)
      if request.ids[1] == "b1" then unanswered = request return end
      if request.path:find "stop" then return service.success(request) end
      return 200, service.envelope(0, 1, { service.failure("a1", 43009) })
    end, { chunk_size = 1, stop_started = true, limiter = {
      take = function(_, path)
        refused = path:find "status" ~= nil
        return not refused or nil, 0.9
      end,
      give = function() end,
    }, on_event = function(event) told[#told + 1] = event.type == "wait" and event or nil end })
    local job, clock = geelark.start({ "a1", "b1" }, options), options.clock
    repeat
      clock.sleep(1)
      job:step()
    until refused
    clock.sleep(2)
    unanswered:fail("reset", true)
    job:step()
    assert.equal("the next try", job:progress().reason)
    for _, event in ipairs(told) do assert.is_true(event.seconds > 1, event.reason) end
  end)

  it("for a limiter that can't ask its store is told, with that", function()
    local told = waits(service.success, { limiter = refusing(30, 1, "quota.db is gone") })
    assert.equal(1, #told)
    assert.equal("the limiter, whose store can't be asked", told[1].reason)
  end)

  it("goes on with on_progress each second, which knows the reason", function()
    local seen = {}
    local options = service.options(service.success, { chunk_size = 1, requests_per_minute = 3 })
    options.on_progress = function(progress) seen[#seen + 1] = progress end
    assert(geelark.delete(service.ids(4), options))
    assert.is_true(#seen >= 60 and #seen < 70, #seen .. " calls")
    assert.equal("the minute's limit", seen[30].reason)
    assert.is_true(seen[30].waiting > 20 and seen[30].waiting < 40)
    assert.is_nil(seen[#seen].reason)
  end)

  it("of a job that others step ends in time for on_progress", function()
    local calls = 0
    local options, log = service.options({ { service.code(40007) }, service.success },
      { on_progress = function() calls = calls + 1 end })
    local job = geelark.start({ "a1" }, options)
    while not job:step() do
      assert.is_true(job:timeout() <= 1)
      log.advance(job:timeout())
    end
    assert.is_true(calls >= 60, calls .. " calls")
  end)
end)
