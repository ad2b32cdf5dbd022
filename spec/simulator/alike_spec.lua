-- One model, three ways to it: our own client gives the same account as a transport, over
-- HTTP and over TLS, whatever the plan does.

local geelark = require "geelark"
local hurried_clock = require "spec.support.hurried_clock"
local simulator = require "geelark.simulator"

-- What happens, the entry of the plan, and options where the case needs them.
local FAULTS = {
  { "nothing at all", false },
  { "an answer that is late", { delay = 0.05 } },
  { "a service that is slow to act", { stall = 0.05 } },
  { "a delay beyond the time-out", { delay = 1000 }, { late = true } },
  { "an act that doesn't happen, behind a good code", { act = false, code = 0 } },
  { "an end before the deed", { close = "before" } },
  { "an end after the deed", { close = "after" } },
  { "a reset before the deed", { close = "before", reset = true } },
  { "a reset after the deed", { close = "after", reset = true } },
  { "ends for ever", { close = "after", times = 99 } },
  { "the minute's limit", { refuse = 40007 } },
  { "the hour's limit", { refuse = 40014 } },
  { "too many at once", { refuse = 40017, msg = "busy" } },
  { "a refused parameter", { refuse = 40004, times = 99 } },
  { "a code that nobody knows", { refuse = 49999 } },
  { "an inner error over good data", { code = 50000 } },
  { "a partial success over good data", { code = 40006 } },
  { "an empty 502", { status = 502 } },
  { "an empty 524 after the deed", { status = 524, act = true } },
  { "429 with a time", { status = 429, headers = { ["Retry-After"] = "2" } } },
  { "429 with a time too long", { status = 429, headers = { ["Retry-After"] = "7200" } } },
  { "a redirect", { status = 302, headers = { Location = "http://127.0.0.1:1/" } } },
  { "401", { status = 401 } },
  { "an envelope behind 503", { refuse = 40014, status = 503 } },
  { "garbage", { body = "<html>" } },
  { "JSON of something else", { body = "[1,2]" } },
  { "ids as numbers", { integer_ids = true } },
  { "numbers as strings", { string_numbers = true } },
  { "failDetails that are null", { fail_details = "null" } },
  { "failDetails that are absent", { fail_details = "absent" } },
  { "failDetails that are empty", { fail_details = "empty" } },
  { "amounts that don't add up", { amounts = { successAmount = 1 } } },
  { "a stranger among the failures", { stranger = "528086321789535999" } },
  { "a large body", { huge = 300000 } },
  { "a body beyond every bound", { huge = 9 * 1024 * 1024 } },
  { "a chunked body", { chunked = 16 } },
  { "a body that drips", { drip = { 64, 0.002 } } },
  { "a chunked body that drips", { drip = { 64, 0.002 }, chunked = 64 } },
  { "a cut body", { cut = 20 } },
  { "a body cut at its beginning", { cut = 0 } },
  { "a cut chunked body", { cut = 32, chunked = 16 } },
  -- One request, since whether a second one still leaves on that connection is a race.
  { "a connection closed while idle", { close_idle = 0 }, { chunk_size = 6 } },
  { "the second delete alone", { path = "delete", nth = 2, status = 500 } },
  { "a fault of another path", { path = "stop", status = 500 } },
}

-- Six phones of which two can't be deleted and one isn't there.
local STATES = { "stopped", "started", "stopped", "missing", "in_use", "stopped" }

local function phones_of(case)
  local states, ids = {}, {}
  for i, state in ipairs(STATES) do
    ids[i] = ("%d%03d"):format(528000000000000 + case, i)
    states[ids[i]] = state
  end
  return ids, states
end

local function copy(result)
  local entries = {}
  for i, entry in ipairs(result.requests) do
    entries[i] = { amount = entry.amount, attempts = entry.attempts, code = entry.code,
      msg = entry.msg, httpStatus = entry.httpStatus, halved = entry.halved }
  end
  return { success = result.successAmount, failed = result.failDetails,
    presumed = result.presumedIds, unknown = result.unknownIds, pending = result.pendingIds,
    requests = entries }
end

-- Deletes over the network, where the first answer is late as soon as the deed is done, however long
-- that took.
local function delete_late(ids, options, service)
  local before, job, is_late = #service:requests(), geelark.start(ids, options), false
  while not job:step(0.01) do
    local first = service:requests()[before + 1]
    if first and first.acted and not is_late then
      options.clock.sleep(61)
      is_late = true
    end
  end
  return job:result()
end

-- The account, and what the service saw: the same for every way.
local function account_of(service, case)
  local fault, more = FAULTS[case][2], FAULTS[case][3] or {}
  local ids, states = phones_of(case)
  for id, state in pairs(states) do service:set(id, state) end
  local before = #service:requests()
  service:plan { fault }
  local options = service:options {
    clock = service.clock and service:options().clock or hurried_clock(),
    chunk_size = more.chunk_size or 4, concurrency = 1 }
  local delete = more.late and not service.clock and delete_late or geelark.delete
  local result, err = delete(ids, options, service)
  local account = copy(result or err.result)
  account.kind, account.code = err and err.kind, err and err.code
  account.asked, account.states = {}, {}
  for i, request in ipairs(service:requests()) do
    if i > before then
      account.asked[i - before] = { status = request.status, code = request.code,
        acted = request.acted, deleted = request.deleted }
    end
  end
  for i, id in ipairs(ids) do account.states[i] = service:state(id) or "none" end
  return account
end

describe("our own client's account of", function()
  local services

  setup(function()
    services = { http = simulator.spawn { requests_per_minute = false },
      tls = simulator.spawn { requests_per_minute = false, tls = true } }
  end)

  teardown(function()
    services.http:stop()
    services.tls:stop()
  end)

  for case, row in ipairs(FAULTS) do
    it(row[1] .. " is the same as a transport, over HTTP and over TLS", function()
      local account = account_of(simulator.new(), case)
      assert.same(account, account_of(services.http, case))
      assert.same(account, account_of(services.tls, case))
    end)
  end
end)
