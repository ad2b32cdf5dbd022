-- What every driver has to do, whatever its loop. `act` runs in the host's own process and
-- returns plain tables; `check` runs in the spec's and looks at them.

local assert = package.loaded.luassert or assert -- busted's, in the spec's process
local core = require "geelark.core"
local geelark = require "geelark"
local ids = require("geelark.simulator.phones").ids
local service = require "spec.support.service"

---@class spec.support.Case
---@field name string a promise
---@field simulator geelark.simulator.Options
---@field needs_job boolean|nil only for drivers that hand out the job
---@field act fun(host: spec.support.Host, url: string): table
---@field check fun(seen: table, state: geelark.simulator.ServerState)

local function options(url, more)
  local all = { token = "simulator", base_url = url }
  for name, value in pairs(more or {}) do all[name] = value end
  return all
end

-- Ten seconds pass at each look: what a job waits for is over when it is next looked at.
local function hurrying()
  local seconds = 0
  local function now()
    seconds = seconds + 10
    return seconds
  end
  return { now = now, seed = 1 }
end

-- One call of delete.
local function one(host, list, its_options, more)
  local call = more or {}
  call.ids, call.options = list, its_options
  local outcomes, ticks = host { call }
  return { result = outcomes[1].result, err = outcomes[1].err, ticks = ticks }
end

local cases = {
  {
    name = "deletes, and tells each failure",
    simulator = { phones = 250, states = { started = 5 } },
    act = function(host, url) return one(host, ids(250), options(url)) end,
    check = function(seen)
      assert.is_nil(seen.err)
      assert.equal(245, seen.result.successAmount)
      assert.equal(5, seen.result.failAmount)
      assert.equal(5, #seen.result.failDetails)
      assert.equal(43009, seen.result.failDetails[1].code)
    end,
  },
  {
    name = "takes more ids than one request holds, and each of them once",
    simulator = { phones = 101 },
    act = function(host, url)
      local list = ids(101)
      for i = 1, 7 do list[#list + 1] = list[i] end
      return one(host, list, options(url))
    end,
    check = function(seen, state)
      assert.equal(101, seen.result.successAmount)
      assert.equal(7, seen.result.duplicateAmount)
      assert.equal(2, #seen.result.requests)
      assert.equal(2, #state.requests)
      assert.same({}, state.phones)
    end,
  },
  {
    name = "stops phones that run and deletes them then, where it is asked to",
    simulator = { phones = 30, states = { started = 2 }, stop_seconds = 0 },
    act = function(host, url)
      return one(host, ids(30), options(url, { stop_started = true, stop_timeout = 1e6,
        timeout = 1e6, connect_timeout = 1e6, clock = hurrying() }))
    end,
    check = function(seen, state)
      assert.is_nil(seen.err)
      assert.equal(30, seen.result.successAmount)
      assert.equal(2, #seen.result.stoppedIds)
      assert.same({}, state.phones)
    end,
  },
  {
    name = "goes on by a journal where an earlier delete ended",
    simulator = { phones = 30, plan = { false, { refuse = 40014 } } },
    act = function(host, url)
      local file = os.tmpname() -- which is made, empty: that serves as well as none
      local its_options = options(url, { journal = file, chunk_size = 10, concurrency = 1 })
      local first = one(host, ids(30), its_options)
      local second = one(host, ids(30), its_options)
      os.remove(file)
      return { first = first, second = second }
    end,
    check = function(seen, state)
      assert.equal("locked", seen.first.err.kind)
      assert.equal(30, seen.second.result.successAmount)
      assert.equal(4, #state.requests)
      assert.same({}, state.phones)
    end,
  },
  {
    name = "gives an err where there is one",
    simulator = {},
    act = function(host)
      return one(host, { "a1" }, options("http://127.0.0.1:1", { attempts = 1 }))
    end,
    check = function(seen)
      assert.is_nil(seen.result)
      assert.equal("network", seen.err.kind)
      assert.same({ "a1" }, seen.err.result.pendingIds)
    end,
  },
  {
    name = "gives an err without credentials to send",
    simulator = {},
    act = function(host, url) return one(host, { "a1" }, { base_url = url, app_id = "app" }) end,
    check = function(seen, state)
      assert.equal("config", seen.err.kind)
      assert.equal(0, #state.requests)
    end,
  },
  {
    name = "ends at once for an empty list",
    simulator = {},
    act = function(host, url) return one(host, {}, options(url)) end,
    check = function(seen, state)
      assert.equal(0, seen.result.totalAmount)
      assert.equal(0, #state.requests)
    end,
  },
  {
    name = "raises for wrong arguments, before anything is sent",
    simulator = {},
    act = function(host, url)
      local function message(...) return select(2, pcall(one, host, ...)) end
      return { message({ "" }, options(url)), message({ "a1" }, options(url, { tokn = "t" })),
        message({ "a1" }, { client = 1 }) }
    end,
    check = function(seen, state)
      assert.matches("bad argument to 'delete' %(ids%[1%]: empty string%)$", seen[1])
      assert.matches("bad argument to 'delete' %(tokn: unknown option, did you mean token%?%)$",
        seen[2])
      assert.matches("bad argument to 'delete' %(client: geelark client expected, got number%)$",
        seen[3])
      assert.equal(0, #state.requests)
    end,
  },
  {
    name = "takes an iterator, and raises for one as delete does",
    simulator = { phones = 2 },
    act = function(host, url)
      local function message(list) return select(2, pcall(one, host, list, options(url))) end
      local function repeated(...)
        local values = { ... }
        return coroutine.wrap(function()
          for _ = 1, 7 do coroutine.yield(values[1], values[2]) end
        end)
      end
      local seen = one(host, coroutine.wrap(function()
        for _, id in ipairs(ids(2)) do coroutine.yield(id) end
      end), options(url))
      seen.messages = { message(repeated "5.2E+17"), message(repeated(1, "2")),
        message((pairs {})), message(function() return false end) }
      return seen
    end,
    check = function(seen, state)
      assert.equal(2, seen.result.successAmount)
      assert.equal(1, #state.requests)
      assert.matches('bad argument to \'delete\' %(ids%[1%]: [%l ]+, "5%.2E%+17"; .*; and 2 more; ',
        seen.messages[1])
      assert.matches('bad argument to \'delete\' %(ids%[1%]: the iterator returns several values '
        .. 'at once, 1 and "2"; ', seen.messages[2])
      assert.matches("bad argument to 'delete' %(iterator expected, got what pairs returns; ",
        seen.messages[3])
      assert.matches("bad argument to 'delete' %(ids%[1%]: string expected, got boolean, false; "
        .. ".*; and 999995 more%)$", seen.messages[4])
    end,
  },
  {
    name = "loses nothing where a callback raises",
    simulator = { phones = 3 },
    act = function(host, url)
      return one(host, ids(3), options(url, { chunk_size = 1, concurrency = 1,
        on_progress = function() error "not with me" end }))
    end,
    check = function(seen, state)
      assert.equal("callback", seen.err.kind)
      assert.matches("on_progress: .*not with me", seen.err.message)
      assert.equal(1, seen.err.result.successAmount)
      assert.equal(2, #seen.err.result.pendingIds)
      assert.equal(1, #state.requests)
    end,
  },
  {
    name = "is woken by time alone, to ask again after a lost answer",
    simulator = { phones = 1, plan = { { close = "after" } } },
    act = function(host, url) return one(host, ids(1), options(url)) end,
    check = function(seen, state)
      assert.equal(1, seen.result.successAmount)
      assert.equal(1, #seen.result.presumedIds)
      assert.equal(2, #state.requests)
    end,
  },
  {
    name = "keeps its deadline",
    simulator = { phones = 2, plan = { false, { delay = 20 } } },
    act = function(host, url)
      -- Time begins when the second request has left, which it does at once by the connection of the
      -- first.
      local sent, began = 0, nil
      return one(host, ids(2), options(url, { deadline = 0.2, chunk_size = 1, concurrency = 1,
        clock = { now = function() return began and core.now() - began or 0 end },
        on_event = function(event) if event.type == "send" then sent = sent + 1 end end }),
        { on_tick = function() began = began or sent == 2 and core.now() or nil end })
    end,
    check = function(seen)
      assert.equal("deadline", seen.err.kind)
      assert.equal(1, seen.err.result.successAmount)
      assert.equal(1, #seen.err.result.unknownIds)
    end,
  },
  {
    name = "waits after a cancel for what is in flight, and sends nothing more",
    needs_job = true,
    simulator = { phones = 100, plan = "return function() return { delay = 0.2 } end" },
    act = function(host, url)
      local sent
      local seen = one(host, ids(100), options(url, { chunk_size = 1, concurrency = 1 }),
        { polled = true, on_tick = function(job)
          local progress = job:progress()
          if sent or progress.inFlight == 0 then return end
          sent = progress.successAmount + 1
          job:cancel()
        end })
      seen.sent = sent
      return seen
    end,
    check = function(seen, state)
      assert.equal("cancelled", seen.err.kind)
      assert.equal(seen.sent, seen.err.result.successAmount)
      assert.equal(100 - seen.sent, #seen.err.result.pendingIds)
      assert.equal(seen.sent, #state.requests)
    end,
  },
  {
    name = "ends at once by a cancel that meets it waiting for its quota",
    needs_job = true,
    simulator = { phones = 2 },
    act = function(host, url)
      return one(host, ids(2), options(url, { chunk_size = 1, requests_per_minute = 1 }),
        { polled = true, on_tick = function(job)
          if job:progress().successAmount == 1 then job:cancel() end
        end })
    end,
    check = function(seen)
      assert.equal("cancelled", seen.err.kind)
      assert.equal(1, #seen.err.result.pendingIds)
      assert.is_true(seen.ticks < 1000, seen.ticks .. " ticks") -- the quota: 6,000
    end,
  },
  {
    name = "goes on with its loop, and ends at once where its client is closed there",
    simulator = { phones = 3, plan = { false, { delay = 20 } } },
    act = function(host, url)
      local sent, closed = 0, false
      local client = assert(geelark.new(options(url, { requests_per_minute = 2 })))
      local job = { client = client, chunk_size = 1, concurrency = 1,
        on_event = function(event) if event.type == "send" then sent = sent + 1 end end }
      return one(host, ids(3), job, { on_tick = function()
        if sent == 2 and not closed then
          closed = true
          client:close()
        end
      end })
    end,
    check = function(seen)
      assert.equal("cancelled", seen.err.kind)
      local result = seen.err.result
      assert.same({ 1, 1, 1 }, { result.successAmount, #result.unknownIds, #result.pendingIds })
      assert.is_true(seen.ticks < 1000, seen.ticks .. " ticks")
    end,
  },
  {
    name = "shares connections and quota among the deletes of one client",
    simulator = { phones = 4 },
    act = function(host, url)
      local client = assert(geelark.new(options(url,
        { concurrency = 1, requests_per_minute = 3 })))
      local settled = 0
      local function on_event(event)
        if event.type == "settle" then settled = settled + 1 end
      end
      local function on_tick()
        if settled == 3 then client:close() end
      end
      local calls = {}
      for i, id in ipairs(ids(4)) do
        calls[i] = { ids = { id }, options = { client = client, on_event = on_event },
          on_tick = on_tick }
      end
      return (host(calls))
    end,
    check = function(seen, state)
      local kinds = {}
      for _, outcome in ipairs(seen) do
        local kind = outcome.err and outcome.err.kind or "deleted"
        kinds[kind] = (kinds[kind] or 0) + 1
      end
      assert.same({ deleted = 3, cancelled = 1 }, kinds)
      assert.equal(3, #state.requests)
      assert.equal(1, state.connections)
      assert.equal(1, state.maxInFlight)
    end,
  },
  {
    name = "runs 50 jobs at once, with clients of their own and with one for many",
    simulator = { phones = 500 },
    act = function(host, url)
      local list, calls = ids(500), {}
      local client = assert(geelark.new(options(url, { concurrency = 8 })))
      for i = 1, 50 do
        local its_ids = {}
        for j = 1, 10 do its_ids[j] = list[(i - 1) * 10 + j] end
        calls[i] = { ids = its_ids,
          options = i % 2 == 0 and { client = client, concurrency = 8 } or options(url) }
      end
      local outcomes = host(calls)
      client:close()
      return outcomes
    end,
    check = function(seen, state)
      local deleted = 0
      for _, outcome in ipairs(seen) do
        assert.is_nil(outcome.err)
        deleted = deleted + outcome.result.successAmount
      end
      assert.equal(500, deleted)
      assert.equal(50, #state.requests)
      assert.is_true(state.connections <= 25 + 8, state.connections .. " connections")
    end,
  },
  {
    name = "is woken where a transport of the caller's answers later",
    simulator = {},
    act = function(host)
      local held = {}
      local function answer()
        local request = table.remove(held)
        if request then request:answer(service.success(request)) end
      end
      return one(host, service.ids(6), { token = "t", chunk_size = 1,
        transport = function(request) held[#held + 1] = request end }, { on_tick = answer })
    end,
    check = function(seen)
      assert.equal(6, seen.result.successAmount)
      assert.is_true(seen.ticks >= 6 and seen.ticks < 500, seen.ticks .. " ticks")
    end,
  },
}

return cases
