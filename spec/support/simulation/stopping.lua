-- What the judge knows of phones that a job stops: which request each may stand in next, what the
-- answers of stop and status mean, what ends the stopping. Written from "Phones that run" among the
-- promises.
--
-- `stopping` of an id, from its first refusal as started or starting on: `codes` (as outcomes),
-- `code` (the last), `refusals`, `since`, `may` (the actions that may name it next), `at` (since when), `accepted` (a
-- stop was, since the last refusal), `asked` and `perhaps` (a delete since then may have been obeyed,
-- or it is open whether it may), `open` (it is left open whether it goes on).

local outcome = require "spec.support.simulation.outcome"

local STARTED, STARTING = 43009, 43010
local RUNS = { [STARTED] = true, [STARTING] = true }
local MOST_IDS, MOST_ROUNDS = 100, 3
local LEAST_PAUSE, DEFAULT_TIMEOUT, TINY, EIGHT = 5, 120, 1e-3, 8
-- Seconds after which these leave at the latest, where nothing goes wrong.
local LATEST = { stop = 2, status = 10, delete = 2 }

local stopping = { meanings = {}, RUNS = RUNS }

--- Seconds from the first refusal after which nothing is stopped or watched any more.
function stopping.timeout(options) return options.stop_timeout or DEFAULT_TIMEOUT end

local function may_next(s, action, now) s.may, s.at = { [action] = true }, now end

--- A sound answer of delete refuses it as running.
function stopping.refused(entry, code, now)
  local s = entry.stopping or { codes = {}, refusals = 0, since = now }
  entry.stopping = s
  s.refusals, s.code, s.accepted, s.open = s.refusals + 1, code, false, false
  s.asked, s.perhaps, s.looked_at = false, false, nil
  s.codes["failed " .. code] = true
  may_next(s, code == STARTED and "stop" or "status", now)
  entry.open_codes = nil
  if s.refusals > MOST_ROUNDS then
    outcome.allow(entry)
    outcome.or_refused(entry)
  end
end

-- Departures ----------------------------------------------------------------------------------

local function check_time(judge, call, id, s, now)
  s.began_by = s.began_by or now
  if judge.clock.was_set_back then return end
  if call.at > s.began_by + stopping.timeout(judge.options) + TINY then
    judge:find("%s after the stop_timeout of %s", call.action, id)
  end
  if call.action == "status" and s.looked_at and call.at < s.looked_at + LEAST_PAUSE - TINY then
    judge:find("the status of %s is asked for after %.1f s", id, call.at - s.looked_at)
  end
end

local function check_latest(judge, call, id, s)
  if call.at > s.at + LATEST[call.action] + 0.1 then
    judge:find("the %s of %s leaves after %.1f s", call.action, id, call.at - s.at)
  end
end

local function find_wrong(judge, call, id, s)
  judge:find("%s of %s, which was refused by %d, %sstopped, and last said to be %s", call.action,
    id, s.code, s.accepted and "" or "not ", tostring(s.status))
end

--- A request for an id leaves; of a delete, one that was refused before.
function stopping.departs(judge, call, id, entry, now)
  local s = entry.stopping
  if not s then
    if call.action ~= "delete" then
      judge:find("%s of %s, which delete did not refuse", call.action, id)
    end
    return
  end
  if not s.may[call.action] then find_wrong(judge, call, id, s) end
  if call.action ~= "delete" then check_time(judge, call, id, s, now) end
  if judge.calm then check_latest(judge, call, id, s) end
end

--- What holds of every request for a stop or a status.
function stopping.check_call(judge, call)
  if not judge.options.stop_started then judge:find("a %s without the option", call.action) end
  if #call.ids > MOST_IDS then judge:find("a %s of %d ids", call.action, #call.ids) end
  if judge.stopping_ended then
    judge:find("a %s after the stopping ended: %s", call.action, judge.stopping_ended)
  end
end

-- Answers -------------------------------------------------------------------------------------

local function settled(entry)
  entry.tries, entry.murky, entry.halved, entry.open_codes = 0, 0, nil, nil
end

-- An answer that decides while the job or the stopping ends may come too late for that.
local function decides(judge, entry, decide, ...)
  decide(entry, ...)
  if judge.may_stop or judge.stopping_may_end then outcome.or_refused(entry) end
end

local function is_gone(judge, entry) decides(judge, entry, outcome.gone) end

local function fails(judge, entry, code) decides(judge, entry, outcome.allow, "failed " .. code) end

local function lost() end

local function held(judge, call, fate, now)
  judge:hold_back(call, fate, now)
  if now - judge.holds[call.action].first >= 240 then judge.stopping_may_end = true end
end

local function ends(judge, _, fate)
  judge:end_stopping(fate.why or tostring(fate.code))
end

-- What the rules leave open: lost, or a refusal of the whole or of all.
local function unclear(judge, call, fate)
  judge.stopping_may_end = true
  for _, id in ipairs(call.ids) do
    local entry = judge.of[id]
    entry.open_codes = entry.open_codes or {}
    entry.open_codes["failed " .. fate.code] = true
    entry.stopping.open, entry.halved = true, nil
  end
end

local function count_alone(judge)
  judge.stops_alone = judge.stops_alone + 1
  if judge.stops_alone >= EIGHT then judge.stopping_may_end = true end
end

-- One that stands alone fails by stop's refusal. What status refuses is left open.
local function refusal(judge, call, fate)
  if #call.ids > 1 then return judge:halves(call) end
  count_alone(judge)
  local entry = judge.of[call.ids[1]]
  if fate.code == 42001 then
    is_gone(judge, entry)
    outcome.or_refused(entry)
  elseif call.action == "stop" then fails(judge, entry, fate.code)
  else unclear(judge, call, fate) end
end

local function sound_stop(judge, call, fate, now)
  for _, id in ipairs(call.ids) do
    local entry, code = judge.of[id], fate.named[id]
    local s = entry.stopping
    settled(entry)
    if code == 42001 then is_gone(judge, entry)
    elseif code then fails(judge, entry, code)
    else
      judge.accepted[id] = true
      s.accepted, s.looked_at, s.status = true, now, nil
      may_next(s, "status", now)
    end
  end
end

-- What may follow when status says so of a phone.
local function next_action(s, status)
  if status >= 2 then return "delete" end
  return status == 0 and s.code == STARTING and not s.accepted and "stop" or "status"
end

local function sound_status(judge, call, fate, now)
  for _, id in ipairs(call.ids) do
    local entry = judge.of[id]
    settled(entry)
    if fate.named[id] == 42001 then is_gone(judge, entry)
    else
      local s = entry.stopping
      s.status, s.looked_at = fate.statuses[id], now
      may_next(s, next_action(s, s.status), now)
    end
  end
end

-- A part of it is left out or can't be read: whether the rest is believed is left open, but it is
-- asked again for those that it doesn't name, and a lost answer is asked for again as well.
local function murky_status(judge, call, fate)
  for _, id in ipairs(call.ids) do
    local entry, status = judge.of[id], fate.statuses[id]
    local s = entry.stopping
    entry.murky = entry.murky + entry.tries + judge:tries_before(id)
    entry.tries, entry.halved = 0, nil
    if entry.murky >= judge.options.attempts then judge.stopping_may_end = true end
    if fate.named[id] == 42001 then
      local decided = { asked = entry.asked, perhaps = entry.perhaps }
      outcome.gone(decided)
      entry.open_codes, s.open = decided.allow, true
    elseif status then s.may[next_action(s, status)] = true end
  end
end

stopping.meanings.stop = { sound = sound_stop, lost = lost, again = lost, held = held,
  refusal = refusal, unclear = unclear, all_failed = unclear, stop = ends, unknown_code = ends }
stopping.meanings.status = { sound = sound_status, lost = lost, again = lost, held = held,
  refusal = refusal, unclear = unclear, all_failed = unclear, stop = ends, unknown_code = ends,
  murky = murky_status }

return stopping
