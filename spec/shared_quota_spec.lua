-- The quota that nginx's workers share, in virtual time.

local geelark = require "geelark"
local service = require "spec.support.service"

-- A lua_shared_dict in virtual time, as far as the quota uses it.
local function dictionary(now, room)
  local entries, amount = {}, 0
  local function alive(key)
    local entry = entries[key]
    return entry and entry.expires > now() and entry
  end
  return {
    get = function(_, key) return (alive(key) or {}).value end,
    safe_set = function(_, key, value) entries[key] = { value = value, expires = math.huge } end,
    safe_add = function(_, key, value, seconds)
      if alive(key) then return false, "exists" end
      if not entries[key] then amount = amount + 1 end
      if amount > room then return false, "no memory" end
      entries[key] = { value = value, expires = now() + seconds }
      return true
    end,
    expire = function(_, key, seconds)
      if alive(key) then entries[key].expires = now() + seconds end
    end,
    ttl = function(_, key) return alive(key) and entries[key].expires - now() end,
    delete = function(_, key) entries[key] = nil end,
  }
end

describe("the quota that workers share", function()
  local now, asked
  local clock = { now = function() return now end, seed = 1 }

  before_each(function()
    now, asked = 0, {}
    _G.ngx = { md5 = function(text) return "hash of " .. #text end, update_time = function() end,
      worker = { pid = function() return 4194304 end } }
  end)
  after_each(function() _G.ngx = nil end)

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
      jobs[i] = client:start(service.ids(amount), { chunk_size = 1, concurrency = 8 })
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

  -- The most requests that a service can count in a window of so many seconds: it counts each
  -- somewhere between its sending and its answer.
  local function most_in(seconds)
    local most = 0
    for _, first in ipairs(asked) do
      local from, count = first.answered, 0
      for _, other in ipairs(asked) do
        if other.answered >= from and other.sent < from + seconds then count = count + 1 end
      end
      most = math.max(most, count)
    end
    return most
  end

  it("is never exceeded, and below it nothing waits", function()
    math.randomseed(7)
    run(3, 20, function() return 0.1 + 5 * math.random() end, { requests_per_minute = 20 })
    assert.equal(60, #asked)
    assert.is_true(most_in(60) <= 20, most_in(60) .. " in a minute")
    assert.is_true(asked[20].sent < 20, "the first twenty waited")
    assert.is_true(now < 150, now .. " seconds")
  end)

  it("keeps the hour as well", function()
    run(2, 8, function() return 1 end, { requests_per_minute = false, requests_per_hour = 10 })
    assert.is_true(most_in(3600) <= 10)
    assert.is_true(now > 3600 and now < 3620, now .. " seconds")
  end)

  local function two_workers()
    local limiter = require "geelark.loop.ngx.quota"
    local options = { token = "t", requests_per_minute = 1,
      shared_dict = dictionary(function() return now end, 100) }
    return limiter(options), limiter(options)
  end

  it("gets back what a worker held that died", function()
    local dead, other = two_workers()
    assert.is_truthy(dead.take(60))
    now = 119
    assert.is_nil((other.take(60)))
    now = 121
    assert.is_truthy(other.take(60))
  end)

  it("isn't given away by a worker that reads its answer much too late", function()
    local late, other = two_workers()
    local token = late.take(60)
    now = 121
    assert.is_truthy(other.take(60)) -- and is in flight for up to 60 seconds
    late.give(token)
    now = 121 + 61
    assert.is_nil((late.take(60)))
  end)

  it("says so where the dictionary is too small", function()
    local limiter = require "geelark.loop.ngx.quota" {
      shared_dict = dictionary(function() return now end, 3) }
    limiter.take(60)
    assert.has_error(function() limiter.take(60) end,
      "the lua_shared_dict has no room for the quota")
  end)
end)
