-- When the next request may leave: the client's quota and its concurrency, in virtual time.

local geelark = require "geelark"
local service = require "spec.support.service"

-- A transport whose answers take `latency`, `concurrency` of them at a time.
local function slow(latency, more)
  local now, waiting, log = 0, {}, {}
  local options = { token = "token",
    transport = function(request)
      log[#log + 1] = now
      waiting[#waiting + 1] = { at = now + latency, request = request }
    end,
    clock = {
      now = function() return now end,
      sleep = function(seconds)
        local first = waiting[1]
        if first and first.at <= now + seconds then
          now = math.max(now, first.at)
          table.remove(waiting, 1)
          first.request:answer(service.success(first.request))
        else
          now = now + seconds
        end
      end,
    } }
  for name, value in pairs(more or {}) do options[name] = value end
  return options, log, function() return now end
end

-- The most that stood in any closed window.
local function most_in(log, window)
  local most, first = 0, 1
  for i, at in ipairs(log) do
    while log[first] < at - window do first = first + 1 end
    most = math.max(most, i - first + 1)
  end
  return most
end

describe("the quota", function()
  it("lets 20,000 ids pass without any wait", function()
    local options, log, now = slow(0)
    assert.equal(20000, assert(geelark.delete(service.ids(20000), options)).successAmount)
    assert.equal(200, #log)
    assert.equal(0, now())
  end)

  it("takes at most 241.5 s for 100,000 ids, where 240 is the limit", function()
    local options, log, now = slow(0)
    assert(geelark.delete(service.ids(100000), options))
    assert.equal(1000, #log)
    assert.is_true(now() >= 240 and now() <= 240 * 1.005, now())
    assert.equal(200, most_in(log, 60))
  end)

  for _, latency in ipairs { 0.05, 0.6, 7 } do
    it("never allows more than 200 in any 60 s, at " .. latency .. " s an answer", function()
      local options, log = slow(latency, { concurrency = 16, chunk_size = 1 })
      assert(geelark.delete(service.ids(1000), options))
      assert.is_true(most_in(log, 60) <= 200)
    end)
  end

  it("has a limit for the hour, too", function()
    local options, log = slow(0.01,
      { requests_per_minute = false, requests_per_hour = 50, chunk_size = 1 })
    assert(geelark.delete(service.ids(120), options))
    assert.equal(50, most_in(log, 3600))
  end)

  it("can be set lower and be lifted", function()
    local options, log, now = slow(0, { requests_per_minute = 3, chunk_size = 1 })
    assert(geelark.delete(service.ids(10), options))
    assert.equal(3, most_in(log, 60))
    assert.is_true(now() > 180 and now() < 181)
    options, log, now = slow(0, { requests_per_minute = false, requests_per_hour = false,
      chunk_size = 1 })
    assert(geelark.delete(service.ids(1000), options))
    assert.equal(0, now())
    assert.equal(1000, #log)
  end)

  it("counts tries that failed", function()
    local options, log = service.options(function(request, n)
      if n % 2 == 1 then return 502, "" end
      return service.success(request)
    end, { requests_per_minute = 4, chunk_size = 1, concurrency = 1 })
    assert(geelark.delete(service.ids(10), options))
    local times = {}
    for i, request in ipairs(log) do times[i] = request.at end
    assert.equal(20, #times)
    assert.equal(4, most_in(times, 60))
  end)

  it("is shared by all calls of a client", function()
    local options, log = slow(0, { requests_per_minute = 5, chunk_size = 1 })
    local client = assert(geelark.new(options))
    for _ = 1, 4 do assert(client:delete(service.ids(3))) end
    client:close()
    assert.equal(12, #log)
    assert.equal(5, most_in(log, 60))
  end)

  it("says through progress how long it waits", function()
    local options = slow(0, { requests_per_minute = 2, chunk_size = 1, concurrency = 1 })
    local waits = {}
    options.on_progress = function(progress) waits[#waits + 1] = progress.waiting end
    assert(geelark.delete(service.ids(3), options))
    assert.equal(0, waits[1])
    assert.is_true(waits[2] > 59 and waits[2] < 61)
  end)
end)

describe("concurrency", function()
  for _, most in ipairs { 1, 2, 5, 64 } do
    it("never has more than " .. most .. " requests in flight", function()
      local in_flight, seen = 0, 0
      local options = slow(0.1, { concurrency = most, chunk_size = 1, requests_per_minute = false })
      local transport = options.transport
      options.transport = function(request)
        in_flight = in_flight + 1
        seen = math.max(seen, in_flight)
        local answer = request.answer
        rawset(request, "answer", function(...)
          in_flight = in_flight - 1
          return answer(...)
        end)
        transport(request)
      end
      assert(geelark.delete(service.ids(200), options))
      assert.equal(most, seen)
    end)
  end
end)

describe("the quota of a client", function()
  it("counts what a job that was dropped had sent, from when it was last seen", function()
    local now, log = 0, {}
    local client = assert(geelark.new { token = "t", chunk_size = 1, requests_per_minute = 2,
      clock = { now = function() return now end },
      transport = function() log[#log + 1] = now end })
    local function send()
      client:start({ "a1", "b1", "c1" }):step()
      require "spec.support.collect"()
    end
    local job = client:start { "a1", "b1", "c1" }
    now = 50
    job:step()
    job = nil -- luacheck: ignore
    require "spec.support.collect"()
    now = 60.5
    send()
    assert.same({ 50, 50 }, log)
    now = 110.5
    send()
    assert.same({ 50, 50, 110.5, 110.5 }, log)
  end)

  -- Each ends a job at second 50 that sent two requests at second 0.
  local ends = {
    ["leaves its scope"] = function(job) debug.getmetatable(job).__close(job) end,
    ["met its deadline"] = function(job) assert(job:step()) end,
    ["was cancelled and got no answer"] = function(job, requests)
      job:cancel()
      for _, request in ipairs(requests) do request:fail("reset", true) end
      assert(job:step())
    end,
    ["was cancelled, seen once more and dropped"] = function(job)
      job:cancel()
      job:step()
    end,
  }
  for name, finish in pairs(ends) do
    it("counts what a job that " .. name .. " had sent, until a minute after", function()
      local options, requests = require "spec.support.held" { chunk_size = 1, concurrency = 64,
        requests_per_minute = 2, deadline = 50 }
      local client, clock = assert(geelark.new(options)), options.clock
      local job = client:start { "a1", "a2", "a3" }
      job:step()
      assert.equal(2, #requests)
      clock.sleep(50)
      finish(job, requests)
      job = nil -- luacheck: ignore
      for i = 1, 2 do requests[i] = nil end
      require "spec.support.collect"()
      local new = client:start({ "b1", "b2", "b3" }, { deadline = 1000 })
      clock.sleep(59.9)
      new:step()
      assert.equal(0, #requests)
      assert.is_true(new:timeout() <= 0.12)
      clock.sleep(0.2)
      new:step()
      assert.equal(2, #requests)
    end)
  end
end)
