-- What every store of a shared quota promises: SQLite, Redis, nginx's dictionary; each the real one,
-- in a time that the spec sets.

local counted = require "spec.support.counted"
local geelark = require "geelark"
local service = require "spec.support.service"
local stores = require "spec.support.quota_stores"

local DELETE, STOP, STATUS = "/open/v1/phone/delete", "/open/v1/phone/stop",
  "/open/v1/phone/status"

local function limits_of(given)
  local limits = { requests_per_minute = false, requests_per_hour = false }
  for name, value in pairs(given) do limits[name] = value end
  return limits
end

-- Lets holders send `amount` requests each, which wait for nothing but the limiter and are answered
-- after `latency()` seconds. Returns the requests: { holder =, path =, sent =, answered =, left = }.
local function run(store, holders, amount, limits, latency, paths)
  local now, requests, all = 0, {}, {}
  for i = 1, holders do
    all[i] = { limiter = store.holder(limits_of(limits)), left = amount, at = 0, refused = 0 }
  end

  -- Who comes next: the one that was to ask first, of several always the same one.
  local function next_one()
    local first
    for _, holder in ipairs(all) do
      if holder.left > 0 and (not first or holder.at < first.at) then first = holder end
    end
    for _, request in ipairs(requests) do
      if not request.given and (not first or request.at <= first.at) then first = request end
    end
    return first
  end

  local function ask(holder, number)
    local path = paths and paths[holder.left % #paths + 1] or DELETE
    local token, wait = holder.limiter.take(30, path)
    if not token then
      assert(wait > 0 and wait <= 60, wait)
      holder.at = now + wait
      holder.refused = holder.refused + 1
      return
    end
    holder.left = holder.left - 1
    requests[#requests + 1] = { holder = number, path = path, sent = now, at = now + latency(),
      token = token, limiter = holder.limiter, left = holder.left }
  end

  local one = next_one()
  while one do
    now = math.max(now, one.at)
    store.set(now)
    if one.token then
      one.answered, one.given = now, true
      one.limiter.give(one.token)
    else
      for number, holder in ipairs(all) do
        if holder == one then ask(holder, number) end
      end
    end
    one = next_one()
  end
  return requests, all, now
end

-- Whether at each sending no holder that still has requests (the first may ask for its second
-- before others come at all) is more than so many behind another.
local function assert_fair(requests, all, amount, behind)
  local sent = {}
  for number in ipairs(all) do sent[number] = 0 end
  for _, request in ipairs(requests) do
    sent[request.holder] = sent[request.holder] + 1
    for number in ipairs(all) do
      assert.is_true(sent[number] == amount or sent[number] + behind >= sent[request.holder],
        ("holder %d has sent %d, holder %d %d"):format(request.holder, sent[request.holder],
          number, sent[number]))
    end
  end
end

for name, open in pairs(stores) do
  describe("a quota that is shared in " .. name, function()
    local store

    before_each(function()
      math.randomseed(7)
      store = open()
    end)
    after_each(function() store.stop() end)

    it("is never exceeded in any minute, and up to it nothing waits", function()
      local requests = run(store, 4, 15, { requests_per_minute = 20 },
        function() return 0.1 + 10 * math.random() end)
      assert.equal(60, #requests)
      assert.equal(20, counted.most_in(requests, 60))
      assert.equal(0, requests[20].sent)
      assert.is_true(requests[60].sent < 160, requests[60].sent)
    end)

    it("is never exceeded in any hour", function()
      local requests = run(store, 2, 8, { requests_per_minute = 5, requests_per_hour = 10 },
        function() return 1 end)
      assert.equal(10, counted.most_in(requests, 3600))
      assert.equal(5, counted.most_in(requests, 60))
      assert.is_true(requests[16].sent < 3720, requests[16].sent)
    end)

    it("has no more requests in flight at once than it may, over all paths", function()
      local requests = run(store, 4, 6, { concurrency = 3 },
        function() return 0.05 + 0.1 * math.random() end, { DELETE, STOP, STATUS })
      assert.equal(24, #requests)
      assert.equal(3, counted.most_in_flight(requests))
    end)

    it("has windows for each path by itself", function()
      local one, other = store.holder(limits_of { requests_per_minute = 1 }),
        store.holder(limits_of { requests_per_minute = 1 })
      assert.is_truthy(one.take(30, DELETE))
      assert.is_nil((other.take(30, DELETE)))
      assert.is_truthy(other.take(30, STOP))
      assert.is_nil((one.take(30, STOP)))
    end)

    for what, limits in pairs {
      ["the minute's limit"] = { requests_per_minute = 1 },
      ["places in flight"] = { concurrency = 1 },
    } do
      it("lets each holder have its turn where " .. what .. " keeps all of them waiting", function()
        local requests, all = run(store, 4, 5, limits, function() return 0.1 end)
        assert_fair(requests, all, 5, 2)
      end)
    end

    it("asks nobody to come before there may be room, and no crowd at once", function()
      local _, all = run(store, 5, 6, { requests_per_minute = 3 }, function() return 0.5 end)
      for _, holder in ipairs(all) do
        assert.is_true(holder.refused <= 4 * 6, holder.refused .. " refusals")
      end
    end)

    it("gets back what a holder had in flight that died, when its time is over", function()
      local dead, other = store.holder(limits_of { requests_per_minute = 2, concurrency = 1 }),
        store.holder(limits_of { requests_per_minute = 2, concurrency = 1 })
      assert.is_truthy(dead.take(30, DELETE))
      store.set(29.9)
      assert.is_nil((other.take(30, STOP)))
      store.set(31)
      other.give(assert(other.take(30, DELETE)))
      store.set(85)
      assert.is_nil((other.take(30, DELETE)))
      store.set(90.1)
      assert.is_truthy(other.take(30, DELETE))
    end)

    it("waits but a moment for a holder that died when it was its turn", function()
      local first, dead = store.holder(limits_of { concurrency = 1 }),
        store.holder(limits_of { concurrency = 1 })
      local token = first.take(30, DELETE)
      assert.is_nil((dead.take(30, DELETE)))
      first.give(token)
      assert.is_nil((first.take(30, DELETE)))
      store.set(1.5)
      assert.is_truthy(first.take(30, DELETE))
    end)

    it("keeps no place for a request that waits for its window", function()
      local one, other = store.holder(limits_of { requests_per_minute = 1, concurrency = 2 }),
        store.holder(limits_of { requests_per_minute = 1, concurrency = 2 })
      one.give(one.take(30, DELETE))
      for _ = 1, 3 do assert.is_nil((one.take(30, DELETE))) end
      assert.is_truthy(other.take(30, STOP))
      assert.is_truthy(other.take(30, STATUS))
    end)

    it("isn't given away by a holder that reads its answer much too late", function()
      local late, other = store.holder(limits_of { concurrency = 1 }),
        store.holder(limits_of { concurrency = 1 })
      local token = late.take(30, DELETE)
      store.set(31)
      assert.is_truthy(other.take(30, DELETE))
      late.give(token)
      assert.is_nil((late.take(30, DELETE)))
    end)
  end)
end

-- What they do whose limits a caller gives, and which may be out of reach.
for _, name in ipairs { "redis", "sqlite" } do
  describe("geelark.limiter." .. name, function()
    local store
    before_each(function() store = stores[name]() end)
    after_each(function() store.stop() end)

    -- A job whose requests go by the limiter.
    local function delete(limiter, more)
      local options, log = service.options(service.success, more)
      options.limiter = limiter
      local result, err = geelark.delete({ "a1" }, options)
      return result, err, log
    end

    for _, row in ipairs {
      { "limits that are no table", 5, "limits: table expected, got number" },
      { "a limit that isn't known", { concurency = 5 },
        "limits.concurency: unknown, did you mean concurrency?" },
      { "a limit of nothing", { concurrency = 0 },
        "limits.concurrency: whole number from 1, or false, expected, got 0" },
      { "a limit that is no whole number", { requests_per_hour = 1.5 },
        "limits.requests_per_hour: whole number from 1, or false, expected, got 1.5" },
    } do
      it("raises for " .. row[1], function()
        local made, why = pcall(store.holder, row[2])
        assert.is_false(made)
        assert.equal(("geelark.limiter.%s: %s"):format(name, row[3]),
          (why:gsub("^[^%s]*:%d+: ", "")))
      end)
    end

    it("lets 200 requests through in a minute where nothing else is said", function()
      local limiter = store.holder()
      for _ = 1, 200 do assert.is_truthy((limiter.take(60, DELETE))) end
      assert.is_nil((limiter.take(60, DELETE)))
    end)

    it("has the job wait for max_wait where its store is gone, and then end", function()
      local limiter = store.holder()
      assert.equal(1, delete(limiter).successAmount)
      store.lose()
      local _, err, log = delete(limiter, { max_wait = 30 })
      assert.equal("quota", err.kind)
      assert.matches("^quota: limiter.take: .*" .. store.lost .. ", for 30 s", err.message)
      assert.same({ { "a1" }, 0 }, { err.result.pendingIds, #log })
    end)

    it("loses no answer where its store is gone when that comes", function()
      local limiter = store.holder()
      local result = delete { take = limiter.take, give = function(token)
        store.lose()
        limiter.give(token)
      end }
      assert.equal(1, result.successAmount)
    end)
  end)
end
