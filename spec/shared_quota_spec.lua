-- The quota that nginx's workers share, in virtual time.

local core = require "geelark.core"
local counted = require "spec.support.counted"
local geelark = require "geelark"
local service = require "spec.support.service"

-- A lua_shared_dict in virtual time, as far as the quota uses it.
local function dictionary(now, room)
  local entries, amount = {}, 0
  local function alive(key)
    local entry = entries[key]
    return entry and entry.expires > now() and entry
  end
  local function put(_, key, value, seconds)
    if not entries[key] then
      if amount == room then return false, "no memory" end
      amount = amount + 1
    end
    entries[key] = { value = value, expires = now() + (seconds or math.huge) }
    return true
  end
  return {
    get = function(_, key) return (alive(key) or {}).value end,
    safe_set = put,
    safe_add = function(_, key, value, seconds)
      if alive(key) then return false, "exists" end
      return put(_, key, value, seconds)
    end,
    delete = function(_, key)
      if entries[key] then amount = amount - 1 end
      entries[key] = nil
    end,
  }
end

local DELETE, STOP = "/open/v1/phone/delete", "/open/v1/phone/stop"

-- Another text for every text.
local function hashing()
  local hashes, amount = {}, 0
  return function(text)
    if not hashes[text] then
      amount = amount + 1
      hashes[text] = ("%032d"):format(amount):reverse()
    end
    return hashes[text]
  end
end

describe("the quota that workers share", function()
  local now, asked, set_by -- the last one: seconds by which the time of day was set
  local real_now = core.now
  local clock = { now = function() return now end, seed = 1 }

  before_each(function()
    now, asked, set_by = 0, {}, 0
    core.now = function() return now end -- luacheck: ignore 122
    _G.ngx = { md5 = hashing(), update_time = function() end,
      now = function() return now + set_by end,
      worker = { pid = function() return 4194304 end } }
  end)
  after_each(function()
    core.now = real_now -- luacheck: ignore 122
    _G.ngx = nil
  end)

  -- Some workers delete ids one by one through one dictionary; the answer to each request takes
  -- what `latency` says. Returns the requests: { sent =, answered = }.
  local function run(workers, amount, latency, options)
    local limiter = require "geelark.loop.ngx.quota"
    options.shared_dict = dictionary(function() return now end, 1e5)
    local jobs = {}
    for i = 1, workers do
      local client = assert(geelark.new { token = "t", clock = clock, limiter = limiter(options),
        requests_per_minute = false, requests_per_hour = false,
        transport = function(request)
          asked[#asked + 1] = { sent = now, due = now + latency(), request = request }
        end })
      jobs[i] = client:start(service.ids(amount), { chunk_size = 1,
        concurrency = options.concurrency })
    end
    repeat
      local done, wait = true, math.huge
      for _, job in ipairs(jobs) do
        if not job:step() then
          done = false
          wait = math.min(wait, job:timeout() or wait)
        end
      end
      for _, one in ipairs(asked) do
        if not one.answered then wait = math.min(wait, one.due - now) end
      end
      assert(wait < math.huge or done, "nobody goes on")
      now = now + (done and 0 or math.max(wait, 1e-6)) -- less may be lost in the last digit
      for _, one in ipairs(asked) do
        if not one.answered and one.due <= now then
          one.answered = now
          one.request:answer(service.success(one.request))
        end
      end
    until done
    for _, job in ipairs(jobs) do assert.equal(amount, assert(job:result()).successAmount) end
    return asked
  end

  it("is never exceeded, and below it nothing waits", function()
    math.randomseed(7)
    run(3, 20, function() return 0.1 + 5 * math.random() end,
      { requests_per_minute = 20, concurrency = 24 })
    assert.equal(60, #asked)
    local most = counted.most_in(asked, 60)
    assert.is_true(most <= 20, most .. " in a minute")
    assert.is_true(asked[20].sent < 20, "the first twenty waited")
    assert.is_true(now < 150, now .. " seconds")
  end)

  it("keeps the hour as well", function()
    run(2, 8, function() return 1 end, { requests_per_minute = false, requests_per_hour = 10 })
    assert.is_true(counted.most_in(asked, 3600) <= 10)
    assert.is_true(now > 3600 and now < 3620, now .. " seconds")
  end)

  for given, most in pairs { [false] = 2, [1] = 1, [5] = 5 } do
    it("lets " .. most .. " requests be in flight at once where the concurrency is "
      .. tostring(given or "left out"), function()
      math.randomseed(8)
      run(4, 12, function() return 0.1 + math.random() end, { concurrency = given or nil })
      assert.equal(most, counted.most_in_flight(asked))
    end)
  end

  it("lets each worker have a place in turn", function()
    run(2, 10, function() return 1 end, { concurrency = 1 })
    local ids = {}
    for i, one in ipairs(asked) do ids[i] = one.request.ids[1] end
    local last, first = ids[#ids], ids[1]
    assert.equal(last, ids[#ids - 1]) -- both come to their last id at the end
    assert.equal(first, ids[2])
    assert.is_true(now < 20 + 20 * 0.03, now .. " seconds") -- and no place stands empty for long
  end)

  -- Limiters of two workers.
  local function two_workers(options)
    local limiter = require "geelark.loop.ngx.quota"
    options.token, options.shared_dict = "t", dictionary(function() return now end, 100)
    return limiter(options), limiter(options)
  end

  it("gets back what a worker held that died", function()
    local dead, other = two_workers { requests_per_minute = 1 }
    assert.is_truthy(dead.take(60, DELETE))
    now = 119
    assert.is_nil((other.take(60, DELETE)))
    now = 121
    assert.is_truthy(other.take(60, DELETE))
  end)

  it("gets the places of a dead worker's requests back after their seconds", function()
    local dead, other = two_workers { concurrency = 1 }
    assert.is_truthy(dead.take(60, DELETE))
    now = 59
    assert.is_nil((other.take(60, DELETE)))
    now = 61
    assert.is_truthy(other.take(60, DELETE))
  end)

  it("waits but a moment for a worker that died when it had the next place", function()
    local first, other = two_workers { concurrency = 1 }
    local token = first.take(60, DELETE)
    local dead = other
    assert.is_nil((dead.take(60, DELETE)))
    first.give(token)
    assert.is_nil((first.take(60, DELETE)))
    now = 1.5
    assert.is_truthy(first.take(60, DELETE))
  end)

  it("counts requests of each path by themselves, and those in flight of all together", function()
    local one, other = two_workers { requests_per_minute = 1 }
    local token = one.take(60, DELETE)
    assert.is_nil((other.take(60, DELETE)))
    assert.is_truthy(other.take(60, STOP))
    local _, wait = one.take(60, "/open/v1/phone/status")
    assert.is_true(wait < 0.1, "it waits for a window")
    one.give(token)
    assert.is_truthy(one.take(60, "/open/v1/phone/status"))
  end)

  it("keeps no place for a request that waits for its window", function()
    local one, other = two_workers { requests_per_minute = 1 }
    one.give(one.take(60, DELETE))
    for _ = 1, 3 do assert.is_nil((one.take(60, DELETE))) end
    assert.is_truthy(other.take(60, STOP))
    assert.is_truthy(other.take(60, "/open/v1/phone/status"))
  end)

  it("isn't given away by a worker that reads its answer much too late", function()
    local late, other = two_workers { requests_per_minute = 1, concurrency = 1 }
    local token = late.take(60, DELETE)
    now = 121
    assert.is_truthy(other.take(60, DELETE)) -- and is in flight for up to 60 seconds
    late.give(token)
    assert.is_nil((late.take(60, STOP)))
    now = 121 + 61
    assert.is_nil((late.take(60, DELETE)))
  end)

  for _, seconds in ipairs { 60, -3600 } do
    it(("doesn't mind that the time of day is set by %d seconds"):format(seconds), function()
      local one, other = two_workers { requests_per_minute = 1, concurrency = 1 }
      local token = one.take(60, DELETE)
      set_by = seconds
      assert.is_nil((other.take(60, STOP)))
      one.give(token)
      assert.is_nil((other.take(60, DELETE)))
      now = 60.1
      assert.is_truthy(other.take(60, DELETE))
    end)
  end

  it("says so where the dictionary is too small", function()
    local limiter = require "geelark.loop.ngx.quota" {
      shared_dict = dictionary(function() return now end, 3) }
    local token = limiter.take(60, DELETE)
    assert.has_error(function() limiter.give(token) end,
      "the lua_shared_dict has no room for the quota")
  end)
end)
