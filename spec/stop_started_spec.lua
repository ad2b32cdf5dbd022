-- Phones that run: with stop_started they are stopped, watched until they are shut down, and
-- deleted. By the simulator's model of the service, in virtual time.

local geelark = require "geelark"
local simulator = require "geelark.simulator"

-- A world of phones, and a call in it: how often each path was asked, and what came of it.
local function run(settings, more)
  local service = simulator.new(settings)
  local began, options = service.clock.time, { stop_started = true }
  for name, value in pairs(more or {}) do options[name] = value end
  local result, err = geelark.delete(service:ids(), service:options(options))
  local asked = { delete = 0, stop = 0, status = 0 }
  for _, request in ipairs(service:requests()) do
    local action = request.path:match "[^/]*$"
    asked[action] = asked[action] + 1
  end
  return { service = service, result = result or err.result, err = err, asked = asked,
    seconds = service.clock.time - began }
end

local function states(result)
  local of = {}
  for id, state, code in geelark.outcomes(result) do
    of[id] = state == "failed" and code or state
  end
  return of
end

-- How many failed, by code.
local function failed(result)
  local amounts = {}
  for code, list in pairs(geelark.failures(result):by_code()) do amounts[code] = #list end
  return amounts
end

-- Every id is what the world says of its phone; nothing was stopped but what delete had refused.
local function assert_true_account(r)
  for id, state in pairs(states(r.err or r.result)) do
    local phone = r.service:state(id)
    assert.equal(phone == "deleted", state == "deleted" or state == "presumed", id)
  end
  local refused = {}
  for _, request in ipairs(r.service:requests()) do
    local stops = request.path:find "stop$"
    for _, id in ipairs(request.ids) do
      if stops then assert.is_true(refused[id], id .. " was stopped") else refused[id] = true end
    end
  end
end

describe("without stop_started", function()
  it("nothing is stopped or watched", function()
    local r = run({ phones = 10, states = { started = 3, starting = 2 } }, { stop_started = false })
    assert.same({ delete = 1, stop = 0, status = 0 }, r.asked)
    assert.equal(5, r.result.failAmount)
    assert.same({}, r.result.stoppedIds)
  end)
end)

describe("with stop_started", function()
  it("a phone that is started is stopped, watched and deleted", function()
    local r = run { phones = { a1 = "started", b1 = "stopped" } }
    assert.is_nil(r.err)
    assert.same({ a1 = "deleted", b1 = "deleted" }, states(r.result))
    assert.same({ "a1" }, r.result.stoppedIds)
    assert.equal(1, r.asked.stop)
    assert.equal(2, r.asked.delete)
    assert.is_true(r.seconds >= 30 and r.seconds <= 42, r.seconds)
  end)

  it("one that is starting is stopped only when status calls it started", function()
    local r = run { phones = { a1 = "starting" }, start_seconds = 40 }
    assert.same({ a1 = "deleted" }, states(r.result))
    for _, request in ipairs(r.service:requests()) do
      if request.path:find "stop$" then
        assert.is_true(request.time - r.service:requests()[1].time >= 40)
      end
    end
  end)

  it("one that is stuck in starting is deleted at once where status says 2, three times at most",
    function()
      local r = run { phones = { a1 = "stuck_starting" } }
      assert.same({ a1 = 43010 }, states(r.result))
      assert.same({ delete = 4, stop = 0, status = 3 }, r.asked)
      assert.same({}, r.result.stoppedIds)
    end)

  it("what is refused for another reason is left alone", function()
    local r = run { phones = { a1 = "in_use", b1 = "executing", c1 = "connected", d1 = "running",
      e1 = "expired" } }
    assert.same({ a1 = 43021, b1 = 43005, c1 = 43006, d1 = 43036, e1 = 43004 }, states(r.result))
    assert.same({ delete = 1, stop = 0, status = 0 }, r.asked)
  end)

  it("1,000 phones of all kinds end as the world says, each path within its quota", function()
    local mix = { started = 300, starting = 20, in_use = 10, unstoppable = 5, executing = 5 }
    local r = run { phones = 1000, states = mix, stop_seconds = 60 }
    assert_true_account(r)
    assert.same({ [43005] = 5, [43009] = 5, [43021] = 10 },
      failed(r.result))
    assert.equal(980, r.result.successAmount)
    assert.equal(325, #r.result.stoppedIds)
    assert.is_true(r.asked.stop <= 8 and r.asked.delete <= 20 and r.asked.status <= 80)
    -- The slowest are those that never stop: they have stop_timeout.
    assert.is_true(r.seconds >= 120 and r.seconds <= 132, r.seconds)
  end)

  it("the result lists a phone as stopped whatever followed", function()
    local r = run({ phones = { a1 = "unstoppable", b1 = "started" } }, { stop_timeout = 50 })
    assert.same({ a1 = 43009, b1 = "deleted" }, states(r.result))
    assert.same({ "a1", "b1" }, r.result.stoppedIds)
    assert.is_true(r.seconds >= 50 and r.seconds < 51, r.seconds)
  end)

  it("what stop refuses fails with stop's code and words", function()
    local service = simulator.new { phones = { a1 = "started", b1 = "started" } }
    local result = assert(geelark.delete(service:ids(), service:options { stop_started = true,
      on_event = function(event)
        local refused = event.type == "settle" and event.action == "delete"
        if refused then service:set("a1", "executing") end
      end }))
    assert.same({ a1 = 43005, b1 = "deleted" }, states(result))
    assert.same({ "b1" }, result.stoppedIds)
  end)

  for _, call in ipairs { "stop", "status" } do
    it("what is gone when " .. call .. " comes counts as delete's own 42001", function()
      local service = simulator.new { phones = { a1 = "started", b1 = "started" },
        plan = { { path = "delete", close = "before" } } }
      local log = {}
      local result = assert(geelark.delete(service:ids(), service:options { stop_started = true,
        on_event = function(event)
          if event.type ~= "send" or event.action ~= call then return end
          log[#log + 1] = event.action
          service:set("a1", "missing")
        end }))
      -- Its first delete had no answer: it may have been obeyed.
      assert.same({ a1 = "presumed", b1 = "deleted" }, states(result))
      assert.is_true(#log > 0)
    end)
  end

  it("a phone that somebody starts again is stopped again, three times at most", function()
    local service = simulator.new { phones = { a1 = "started" } }
    local result = assert(geelark.delete(service:ids(), service:options { stop_started = true,
      stop_timeout = 1000,
      on_event = function(event)
        if event.type == "send" and event.action == "delete" then service:set("a1", "started") end
      end }))
    assert.same({ a1 = 43009 }, states(result))
    local stops = 0
    for _, request in ipairs(service:requests()) do
      if request.path:find "stop$" then stops = stops + 1 end
    end
    assert.equal(3, stops)
  end)

  it("an asked id whose later delete is answered by 42001 is presumed deleted", function()
    local r = run { phones = { a1 = "started" },
      plan = { { path = "delete", nth = 2, close = "after" } } }
    assert.same({ a1 = "presumed" }, states(r.result))
    assert_true_account(r)
  end)

  it("an empty answer of delete refuses as before where it names nobody", function()
    local r = run { phones = { a1 = "started" }, plan = { { path = "delete", refuse = 43009 } } }
    assert.same({ a1 = 43009 }, states(r.result))
    assert.equal(0, r.asked.stop)
  end)

  it("dry_run stops nothing", function()
    local r = run({ phones = { a1 = "started" } }, { dry_run = true })
    assert.same({ delete = 0, stop = 0, status = 0 }, r.asked)
    assert.same({ "a1" }, r.result.pendingIds)
  end)
end)

describe("trouble with stop or status", function()
  local lost = {
    { "a reset", { close = "after" } }, { "a reset before", { close = "before" } },
    { "502", { status = 502 } }, { "garbage", { body = "<html>" } },
    { "50000", { refuse = 50000 } }, { "429", { status = 429 } }, { "40007", { refuse = 40007 } },
    { "amounts that don't add up", { amounts = { successAmount = 7 } } },
    { "a stranger", { stranger = "x9" } },
  }
  for _, call in ipairs { "stop", "status" } do
    for _, row in ipairs(lost) do
      it(call .. " is asked again after " .. row[1], function()
        local fault = { path = call }
        for name, value in pairs(row[2]) do fault[name] = value end
        local r = run({ phones = 20, states = { started = 4 }, plan = { fault } },
          { stop_timeout = 300 })
        assert.equal(20, r.result.successAmount)
        assert.equal(4, #r.result.stoppedIds)
        assert_true_account(r)
      end)
    end
  end

  local whole = {
    { "a code that stops jobs", { refuse = 40015 } }, { "a lock", { refuse = 40014 } },
    { "a code that nobody knows", { refuse = 51234 } }, { "lost answers", { status = 502 } },
    { "40007 for five minutes", { refuse = 40007 } }, { "404", { status = 404 } },
    { "a pause that is too long", { status = 429, headers = { ["Retry-After"] = "900" } } },
  }
  for _, call in ipairs { "stop", "status" } do
    for _, row in ipairs(whole) do
      it("as a whole, " .. row[1] .. " at " .. call .. ", ends the stopping alone", function()
        local fault = { path = call, times = 1000 }
        for name, value in pairs(row[2]) do fault[name] = value end
        local r = run({ phones = 40, states = { started = 4 }, plan = { fault } },
          { chunk_size = 10, requests_per_minute = 3, stop_timeout = 1000 })
        assert.is_nil(r.err)
        assert.equal(36, r.result.successAmount)
        assert.same({ [43009] = 4 }, failed(r.result))
        assert.equal(call == "status", #r.result.stoppedIds > 0)
        assert_true_account(r)
      end)
    end

    it("one bad id at " .. call .. " is found, and the others go on", function()
      local bad
      local service = simulator.new { phones = 20, states = { started = 8 },
        plan = function(request)
          if not request.path:find(call .. "$") then return end
          for _, id in ipairs(request.ids) do if id == bad then return { refuse = 40004 } end end
        end }
      for _, id in ipairs(service:ids()) do
        if service:state(id) == "started" then bad = id end
      end
      local result = assert(geelark.delete(service:ids(), service:options { stop_started = true }))
      assert.equal(19, result.successAmount)
      assert.same({ [bad] = call == "stop" and 40004 or 43009 },
        { [result.failDetails[1].id] = result.failDetails[1].code })
    end)
  end

  it("doesn't decide the kind of err", function()
    local r = run({ phones = { a1 = "started", b1 = "stopped" },
      plan = { { path = "stop", refuse = 40015 }, { path = "delete", nth = 2, refuse = 40003 } } },
      { chunk_size = 1, concurrency = 1 })
    assert.equal("auth", r.err.kind)
    assert.same({ a1 = 43009, b1 = "pending" }, states(r.err))
  end)
end)

describe("a job that ends while phones are stopped", function()
  -- Cancels at the n-th event of this type and action.
  local function cancel_at(type, action, nth, settings)
    local service = simulator.new(settings)
    local job, count = nil, 0
    job = geelark.start(service:ids(), service:options { stop_started = true,
      on_event = function(event)
        if event.type ~= type or event.action ~= action then return end
        count = count + 1
        if count == nth then job:cancel() end
      end })
    repeat until job:step(1000)
    local result, err = job:result()
    return { service = service, result = result or err.result, err = err, job = job }
  end

  for _, at in ipairs { { "settle", "delete" }, { "send", "stop" }, { "settle", "stop" },
    { "send", "status" }, { "settle", "status" } } do
    it("fails them with delete's code: cancelled at " .. table.concat(at, " "), function()
      local r = cancel_at(at[1], at[2], 1, { phones = { a1 = "started", b1 = "starting" } })
      assert.same({ a1 = 43009, b1 = 43010 }, states(r.err or r.result))
      assert_true_account(r)
    end)
  end

  it("leaves them unknown where a later delete has no answer, and can be resumed", function()
    local r = cancel_at("lost", "delete", 1, { phones = { a1 = "started", b1 = "started" },
      plan = { { path = "delete", nth = 2, close = "after" } } })
    assert.same({ a1 = "unknown", b1 = "unknown" }, states(r.err))
    assert.same({ "a1", "b1" }, r.err.result.stoppedIds)
    local result = assert(geelark.resume(r.err, r.service:options { stop_started = true }))
    assert.same({ a1 = "presumed", b1 = "presumed" }, states(result))
    assert.same({ "a1", "b1" }, result.stoppedIds)
  end)

  it("fails them where only an earlier delete had no answer", function()
    local r = cancel_at("settle", "stop", 1, { phones = { a1 = "started" },
      plan = { { path = "delete", close = "before" } } })
    assert.same({ a1 = 43009 }, states(r.err or r.result))
  end)

  it("by its deadline does the same", function()
    local r = run({ phones = 20, states = { started = 4 } }, { deadline = 20 })
    assert.is_nil(r.err) -- every id has its answer
    assert.same({ [43009] = 4 }, failed(r.result))
    assert.is_true(r.seconds <= 20)
  end)
end)

describe("the account of phones that are stopped", function()
  it("says the action of each request and event, and what is being stopped", function()
    local service = simulator.new { phones = 10, states = { started = 3 },
      plan = { { path = "status", close = "before" } } }
    local seen, most = {}, 0
    local result = assert(geelark.delete(service:ids(), service:options { stop_started = true,
      on_event = function(event)
        if event.type ~= "wait" then seen[event.type .. " " .. event.action] = true end
        if event.type == "settle" and event.action == "delete" and #event.failDetails == 0
          and #event.pendingIds > 0 then
          seen.pending = #event.pendingIds
        end
      end,
      on_progress = function(progress)
        most = math.max(most, progress.stoppingAmount)
        assert.is_true(progress.stoppingAmount <= progress.pendingAmount)
        assert.equal(10, progress.pendingAmount + progress.successAmount + progress.failAmount)
      end }))
    assert.same({ ["send delete"] = true, ["settle delete"] = true, ["send stop"] = true,
      ["settle stop"] = true, ["send status"] = true, ["lost status"] = true,
      ["settle status"] = true, pending = 3 }, seen)
    assert.equal(3, most)
    local attempts = 0
    for i, request in ipairs(result.requests) do
      attempts = attempts + request.attempts
      assert.equal(({ "delete", "stop" })[i] or i == #result.requests and "delete" or "status",
        request.action)
    end
    assert.equal(#service:requests(), attempts)
  end)
end)

describe("with stop_started and a service that is played,", function()
  local played = require "spec.support.service"

  -- Answers each path by a function of the request and of how often that path was asked.
  local function play(answers, ids, more)
    local asked = {}
    local options, log = played.options(function(request)
      local action = request.path:match "[^/]*$"
      asked[action] = (asked[action] or 0) + 1
      return 200, answers[action](request, asked[action])
    end, { stop_started = true, requests_per_minute = false })
    for name, value in pairs(more or {}) do options[name] = value end
    local result, err = geelark.delete(ids, options)
    return result or err.result, log
  end

  local function all_done(request) return played.envelope(0, #request.ids, {}) end

  local function seen(id, status)
    return (played.envelope(0, 1, {}):gsub('"failDetails"',
      ('"successDetails":[{"id":"%s","status":%d}],%%0'):format(id, status)))
  end

  it("one that status has no word for goes on being watched", function()
    local result, log = play({
      delete = function(request, n)
        return n == 1 and played.envelope(40006, 1, { played.failure("a1", 43009) })
          or all_done(request)
      end,
      stop = all_done,
      status = function(_, n)
        return n == 1 and played.envelope(40006, 1, { played.failure("a1", 43005) })
          or seen("a1", 2)
      end,
    }, { "a1" })
    assert.same({ a1 = "deleted" }, states(result))
    assert.equal(5, #log)
  end)

  it("failDetails keep the list's order, however many failed before one that was waited for",
    function()
      local ids = played.ids(8400)
      local result = play({
        delete = function(request)
          local list = {}
          for i, id in ipairs(request.ids) do
            list[i] = played.failure(id, id == ids[1] and 43009 or 43021)
          end
          return played.envelope(40006, #list, list)
        end,
        stop = all_done,
        status = function() return seen(ids[1], 0) end,
      }, ids)
      assert.equal(#ids, #result.failDetails)
      for i, failure in ipairs(result.failDetails) do
        assert.equal(ids[i], failure.id)
        assert.equal(i == 1 and 43009 or 43021, failure.code)
      end
    end)
end)
