-- The phones that a job stops: when each is stopped, watched, deleted again and given up, and with
-- which others.

local geelark = require "geelark"
local service = require "spec.support.service"
local simulator = require "geelark.simulator"

-- Every request of a call: when it came, counted from the first, to what, and for which ids.
local function timeline(world, options)
  local log, began = {}, nil
  options.stop_started = true
  local result, err = geelark.delete(world:ids(), world:options(options))
  for i, request in ipairs(world:requests()) do
    began = began or request.time
    log[i] = { at = request.time - began, action = request.path:match "[^/]*$", ids = request.ids }
  end
  return log, result or err.result
end

local function only(log, action)
  local some = {}
  for _, request in ipairs(log) do
    if request.action == action then some[#some + 1] = request end
  end
  return some
end

describe("phones that are to be stopped", function()
  it("leave with others, after 2 s", function()
    local log = timeline(simulator.new { phones = 300, states = { started = 30 } }, {})
    local stops = only(log, "stop")
    assert.equal(1, #stops)
    assert.equal(30, #stops[1].ids)
    assert.is_true(stops[1].at >= 2 and stops[1].at < 2.1, stops[1].at)
  end)

  it("leave at once where a request is full", function()
    local log = timeline(simulator.new { phones = 250, states = { started = 250 } }, {})
    local stops = only(log, "stop")
    assert.same({ 100, 100, 50 }, { #stops[1].ids, #stops[2].ids, #stops[3].ids })
    assert.same({ 0, 0 }, { stops[1].at, stops[2].at })
    assert.is_true(stops[3].at >= 2 and stops[3].at < 2.1, stops[3].at)
  end)

  it("keep to chunk_size as all requests do", function()
    local world = simulator.new { phones = 20, states = { started = 20 } }
    local log = timeline(world, { chunk_size = 7 })
    for _, request in ipairs(log) do assert.is_true(#request.ids <= 7) end
  end)
end)

describe("phones that are watched", function()
  it("are looked at every 5 to 10 s, 100 a request, until they are shut down", function()
    local log, result = timeline(simulator.new { phones = 250, states = { started = 250 },
      stop_seconds = 60 }, {})
    local before, looks = {}, 0
    for _, request in ipairs(log) do
      assert.is_true(#request.ids <= 100)
      for _, id in ipairs(request.ids) do
        if request.action == "status" then
          local wait = request.at - before[id]
          looks = looks + 1
          assert.is_true(wait >= 5 and wait <= 10.01, wait)
        end
        if request.action ~= "delete" then before[id] = request.at end
      end
    end
    assert.is_true(looks >= 250 * 6 and looks <= 250 * 13)
    assert.equal(250, result.successAmount)
  end)

  it("are deleted at once when they are down", function()
    local log = timeline(simulator.new { phones = { a1 = "started" } }, {})
    assert.equal("status", log[#log - 1].action)
    assert.equal(log[#log - 1].at, log[#log].at)
  end)

  it("stay watched while status doesn't name them", function()
    local asked = 0
    local options, log = service.options(function(request)
      if request.path:find "status$" then
        asked = asked + 1
        if asked > 3 then
          return 200, service.envelope(0, 1, {}):gsub('"failDetails"', '"successDetails":[{"id":"'
            .. request.ids[1] .. '","status":2}],%0'), nil
        end
      elseif request.path:find "delete$" and asked == 0 then
        return 200, service.envelope(0, 1, { service.failure(request.ids[1], 43009) })
      end
      return service.success(request)
    end, { stop_started = true })
    assert.equal(1, assert(geelark.delete({ "a1" }, options)).successAmount)
    assert.equal(7, #log)
  end)
end)

-- What status may say of "a1" and "b1", and whether the answer is believed.
local statuses = {
  { "one of them", '{"id":"a1","status":2}', true },
  { "both", '{"id":"b1","status":2},{"id":"a1","status":2}', true },
  { "a status as text", '{"id":"a1","status":"2"}', true },
  { "a status that nobody knows", '{"id":"a1","status":9}', true },
  { "none", "", true },
  { "an id that wasn't asked for", '{"id":"c1","status":2}', false, "was not asked for" },
  { "an id twice", '{"id":"a1","status":2},{"id":"a1","status":0}', false, "an id twice" },
  { "an entry without id", '{"status":2}', false, "without id" },
  { "an entry without status", '{"id":"a1"}', false, "without id or code" },
  { "an entry that is no object", "7", false, "without id" },
}

describe("an answer of status", function()
  for _, row in ipairs(statuses) do
    it("that names " .. row[1] .. (row[3] and " is believed" or " is a lost one"), function()
      local job, lost, settled
      local options = service.options(function(request)
        if request.path:find "status$" then
          return 200, (service.envelope(0, 2, {}):gsub('"failDetails"',
            '"successDetails":[' .. row[2] .. '],%0'))
        elseif request.path:find "delete$" then
          return 200, service.envelope(0, 2, { service.failure("a1", 43009),
            service.failure("b1", 43009) })
        end
        return service.success(request)
      end, { stop_started = true, on_event = function(event)
        if event.action ~= "status" or event.type == "send" then return end
        lost = lost or event.type == "lost" and event.message
        settled = settled or event.type == "settle"
        job:cancel()
      end })
      job = geelark.start({ "a1", "b1" }, options)
      repeat until job:step(1000)
      assert.equal(row[3], not lost, lost)
      if not row[3] then
        assert.error_matches(function() error(lost, 0) end, "successDetails .*" .. row[4])
      end
      assert.equal(2, assert(job:result()).failAmount)
    end)
  end
end)

describe("stop_timeout", function()
  it("runs from the first refusal of each id, through all rounds", function()
    local world = simulator.new { phones = { a1 = "started" }, stop_seconds = 20 }
    local log, result = timeline(world, { stop_timeout = 70, on_event = function(event)
      if event.type == "send" and event.action == "delete" then world:set("a1", "started") end
    end })
    assert.same({ "a1", 43009 }, { result.failDetails[1].id, result.failDetails[1].code })
    assert.is_true(log[#log].at <= 70)
    assert.is_true(#only(log, "delete") > 2)
  end)

  it("gives up what waits in the middle of others, which go on", function()
    -- b1 comes later than a1, which is started again at its second delete and stands behind it.
    local world = simulator.new { phones = { a1 = "started", b1 = "started" }, stop_seconds = 30 }
    local deletes = 0
    local _, result = timeline(world, { chunk_size = 1, stop_timeout = 60, concurrency = 1,
      requests_per_minute = false,
      on_event = function(event)
        if event.type ~= "send" or event.action ~= "delete" then return end
        deletes = deletes + 1
        if event.ids[1] == "a1" and deletes > 2 then world:set("a1", "started") end
      end })
    assert.equal(1, result.successAmount)
    assert.equal("a1", result.failDetails[1].id)
  end)

  for _, action in ipairs { "stop", "status" } do
    it("is over although a " .. action .. " waits for its next try", function()
      local world = simulator.new { phones = { a1 = "started" },
        plan = { { path = action, times = 3, refuse = 40007 } } }
      local log, result = timeline(world, { stop_timeout = 90 })
      assert.equal(2, #only(log, action))
      assert.is_true(log[#log].at <= 90)
      assert.equal(43009, result.failDetails[1].code)
    end)
  end

  it("is each phone's own in a request that waits for its next try", function()
    -- a1 is refused at 0, b1 a second later; one request, which is held up, is to stop both.
    local world = simulator.new { stop_seconds = 1,
      plan = { { path = "delete", nth = 2, delay = 1 }, { path = "stop", refuse = 40007 } },
      phones = { a1 = "started", a2 = "stopped", b1 = "started", b2 = "stopped" } }
    local log = timeline(world, { chunk_size = 2, concurrency = 1, stop_timeout = 60.5 })
    local stops = only(log, "stop")
    assert.same({ { "a1", "b1" }, { "b1" } }, { stops[1].ids, stops[2].ids })
    assert.equal(2, #stops)
  end)

  it("of 0 stops nothing", function()
    local world = simulator.new { phones = { a1 = "started" } }
    local log, result = timeline(world, { stop_timeout = 0 })
    assert.equal(1, #log)
    assert.equal(43009, result.failDetails[1].code)
  end)

  it("doesn't take away what is down already", function()
    local world = simulator.new { phones = { a1 = "started" }, stop_seconds = 20,
      plan = { { path = "status", nth = 3, times = 1, delay = 40 } } }
    local _, result = timeline(world, { stop_timeout = 45 })
    assert.equal(1, result.successAmount)
  end)

  it("is a number of seconds", function()
    assert.error_matches(function() geelark.delete({}, { stop_timeout = -1 }) end, "stop_timeout")
    assert.error_matches(function() geelark.delete({}, { stop_started = 1 }) end,
      "stop_started: boolean expected")
  end)
end)

describe("the paths", function()
  it("have a quota each: what waits for one holds up no other", function()
    local world = simulator.new { phones = 60, states = { started = 60 }, stop_seconds = 10 }
    local log = timeline(world, { chunk_size = 10, requests_per_minute = 3, stop_timeout = 1000 })
    for _, action in ipairs { "delete", "stop", "status" } do
      local some = only(log, action)
      for i = 4, #some do assert.is_true(some[i].at - some[i - 3].at >= 60) end
    end
    -- The list isn't through before the first are stopped, looked at and deleted again.
    assert.is_true(only(log, "stop")[1].at < only(log, "delete")[4].at)
    assert.is_true(only(log, "status")[1].at < only(log, "delete")[4].at)
  end)

  it("have a pause each", function()
    local world = simulator.new { phones = { a1 = "started", b1 = "stopped" },
      plan = { { path = "delete", refuse = 40007 }, { path = "stop", refuse = 40007 } } }
    local log = timeline(world, { chunk_size = 1, concurrency = 1, stop_timeout = 1000 })
    local stops, deletes = only(log, "stop"), only(log, "delete")
    assert.is_true(stops[2].at - stops[1].at >= 60 and deletes[2].at - deletes[1].at >= 60)
    assert.is_true(deletes[3].at - deletes[2].at < 1)
  end)
end)

describe("many phones that end late", function()
  it("stand in the caller's order among all that failed", function()
    local count = 20000
    local world = simulator.new { phones = count,
      states = { unstoppable = 200, in_use = count - 200 } }
    local _, result = timeline(world, { stop_timeout = 30, requests_per_minute = false })
    assert.equal(count, #result.failDetails)
    for i, id in ipairs(world:ids()) do assert.equal(id, result.failDetails[i].id) end
    local n = 0
    for id, state, code in geelark.outcomes(result) do
      n = n + 1
      assert.equal(result.failDetails[n].id, id)
      assert.same({ "failed", result.failDetails[n].code }, { state, code })
    end
  end)
end)
