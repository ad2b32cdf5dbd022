-- The kinds of calls that a round makes. Each takes ids that nobody else asks for, deletes them in
-- its own way and enters what it was told.

local core = require "geelark.core"
local cqueues = require "cqueues"
local geelark = require "geelark"
local hurried_clock = require "spec.support.hurried_clock"
local loop = require "geelark.loop.cqueues"

local TRIES = 3 -- calls for one list, until nothing remains

local calls = {}

local function ignore() end

-- Options of a call in the loop, where time passes by itself: what takes minutes is cut by its
-- deadline.
local function in_loop(round, more)
  local random = round.random
  local options = { chunk_size = random:pick { 100, 30, 7 }, concurrency = random:between(1, 4),
    timeout = 0.5, attempts = random:between(1, 4), deadline = 3, on_event = ignore,
    stop_started = round.stops, requests_per_minute = false, requests_per_hour = false }
  for name, value in pairs(more or {}) do options[name] = value end
  return round.service:options(options)
end

-- Those of a call that blocks, with a clock by which it never waits for nothing.
local function blocking(round, more)
  local options = in_loop(round, more)
  options.clock, options.deadline = hurried_clock(), nil
  return options
end

-- Enters the account, and goes on with what remains.
local function settle(round, ids, resume, account)
  local call = round:enter(ids)
  for try = 1, TRIES do
    round:account(call, account)
    if try == TRIES or #geelark.remaining(account) == 0 then return end
    account = resume(account)
  end
end

local function whichever(result, err) return result or err end

local function resume_blocking(round)
  return function(account) return whichever(geelark.resume(account, blocking(round))) end
end

function calls.in_the_loop(round)
  local ids = round:take()
  settle(round, ids, resume_blocking(round), whichever(loop.delete(ids, in_loop(round))))
end

-- Options of the client and of its calls apart.
local function client_of(round)
  local options = in_loop(round)
  local of_call = { timeout = options.timeout, attempts = 2, deadline = 3 }
  for name in pairs(of_call) do options[name] = nil end
  return assert(geelark.new(options)), of_call
end

function calls.on_a_client(round)
  local client, options = client_of(round)
  options.client = client
  for _ = 1, round.random:between(1, 4) do
    local ids = round:take()
    settle(round, ids, resume_blocking(round), whichever(loop.delete(ids, options)))
  end
  if round.random:chance(0.5) then client:close() end -- else the collector does
end

function calls.blocking(round)
  local ids = round:take()
  settle(round, ids, resume_blocking(round), whichever(geelark.delete(ids, blocking(round))))
end

-- All such calls of a round share a client.
function calls.by_the_environment(round)
  local ids = round:take()
  local account = whichever(geelark.delete(ids, { timeout = 0.5, attempts = 2, deadline = 1 }))
  settle(round, ids, resume_blocking(round), account)
end

local function some_steps(round, job)
  for _ = 1, round.random:between(0, 12) do
    if job:step() then return end
    cqueues.poll(job, 0.02)
  end
end

function calls.dropped(round)
  local ids = round:take()
  round:enter(ids)
  some_steps(round, geelark.start(ids, in_loop(round)))
end

function calls.dropped_with_its_client(round)
  local ids = round:take()
  round:enter(ids)
  local client, options = client_of(round)
  some_steps(round, client:start(ids, options))
  client:close()
end

function calls.cancelled(round)
  local ids = round:take()
  local job = geelark.start(ids, in_loop(round))
  some_steps(round, job)
  job:cancel()
  while not job:step() do cqueues.poll(job) end
  settle(round, ids, resume_blocking(round), whichever(job:result()))
end

function calls.raising(round)
  local ids, left = round:take(), round.random:between(1, 8)
  local function count()
    left = left - 1
    if left == 0 then error { "on purpose" } end
  end
  local options = in_loop(round, { on_event = count, on_progress = count })
  settle(round, ids, resume_blocking(round), whichever(loop.delete(ids, options)))
end

-- Cut off at any moment, and made again with the same file: the whole list is told of. The file is
-- free once the job has ended, or was collected; cqueues holds on to what was polled last.
function calls.with_a_journal(round)
  local ids, file = round:take(), round:new_file()
  local client, options = client_of(round)
  options.journal = file
  local job = client:start(ids, options)
  some_steps(round, job)
  client:close()
  while round.random:chance(0.5) and not job:step() do cqueues.poll(job) end
  job = nil -- luacheck: ignore
  cqueues.poll(0)
  local call = round:enter(ids)
  call.cut_off = true
  for _ = 1, TRIES do
    local account = whichever(geelark.delete(ids, blocking(round, { journal = file })))
    round:account(call, account)
    if #geelark.remaining(account) == 0 then break end
  end
  os.remove(file)
end

function calls.wrong(round)
  assert(not pcall(geelark.delete, { "not an id" }, in_loop(round)))
  assert(not pcall(core.start, round.ids, in_loop(round, { chunk_size = 101 })))
  local nobody = { base_url = "http://127.0.0.1:1", deadline = 0.1 }
  local _, err = geelark.delete({ "1" }, in_loop(round, nobody))
  assert(#err.result.pendingIds == 1, tostring(err))
end

local OFTEN = { in_the_loop = 6, on_a_client = 3, blocking = 4 } -- the others once

local kinds = {}
for name, call in pairs(calls) do kinds[name] = { call = call, often = OFTEN[name] or 1 } end

return kinds
