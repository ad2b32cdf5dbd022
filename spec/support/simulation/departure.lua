-- Whether a request may leave as it does: which ids it names, how often, with how many others in
-- flight, and when.

local stopping = require "spec.support.simulation.stopping"

local TINY = 1e-3 -- seconds
local EIGHT = 8

local function check_id(judge, id, call, now)
  local entry = judge.of[id]
  if not entry then return judge:find("%s is not in the list", id) end
  if entry.allow then return judge:find("%s is sent again though an answer decided", id) end
  local before = entry.call
  if before and before.open then
    if not judge:is_overdue(before) then return judge:find("%s is in flight twice", id) end
    judge:give_up(before)
  end
  if now < (entry.not_before or now) - TINY then
    judge:find("%s is sent before its Retry-After is over", id)
  end
  local whole = entry.halved
  if whole then
    if #call.ids >= #whole.ids then judge:find("a chunk of %d is not halved", #whole.ids) end
    local in_order = call.action ~= "delete" or whole.went_on or call.ids[1] == whole.ids[1]
    if not in_order then -- in a left half that is to be stopped all may have had their time
      judge:find("the right half of a halved chunk goes first")
    end
    whole.went_on = true
  end
  stopping.departs(judge, call, id, entry, now)
  entry.call, entry.sent = call, true
end

-- An id's tries are those of its chunk.
local function check_tries(judge, id, action)
  local entry = judge.of[id]
  if not entry then return end
  entry.tries = entry.tries + 1
  if entry.tries > judge.options.attempts then
    judge:find("a %s is tried %d times", action, entry.tries)
  end
end

local function check_in_flight(judge)
  local in_flight = 0
  for i = #judge.calls, 1, -1 do
    local call = judge.calls[i]
    if call.open and not judge:is_overdue(call) then in_flight = in_flight + 1 end
  end
  local most = judge.one_at_a_time and 1 or judge.options.concurrency
  if in_flight + 1 > most then judge:find("%d requests in flight", in_flight + 1) end
end

-- The engine has read what was held back, and counts from here at the latest.
local function note_held(judge, now)
  for _, hold in pairs(judge.holds) do
    if hold.unread then hold.since, hold.unread = hold.since or now, false end
  end
end

local function check_moment(judge, call, now)
  note_held(judge, now)
  if judge.stopped then judge:find("a request after the job was stopped: %s", judge.stopped) end
  if now < judge.holds[call.action].till - TINY then
    judge:find("a %s in a minute to be waited out", call.action)
  end
  if judge.deadline_at and not judge.clock.was_set_back
    and judge.clock.last_read > judge.deadline_at + TINY then
    judge:find "a request after the deadline"
  end
  if judge.in_a_row >= EIGHT then judge:find "a ninth request to a service that is down" end
end

-- After a resume what was never asked goes first.
local function check_pending_first(judge, call)
  local unknown
  for _, id in ipairs(call.ids) do unknown = unknown or judge.was_unknown[id] and id end
  for _, id in ipairs(call.ids) do judge.was_pending[id] = nil end
  local pending = next(judge.was_pending)
  if unknown and pending then judge:find("%s is asked for again before %s", unknown, pending) end
end

-- Holds also where time can't be trusted.
local function check_harm(judge, call)
  if call.action ~= "stop" then return end
  for _, id in ipairs(call.ids) do
    if not judge.was_running[id] then
      judge:find("%s is stopped, which delete did not refuse", id)
    end
  end
end

---@param judge table
---@param call table the request
---@param now number
return function(judge, call, now)
  check_harm(judge, call)
  if judge.relaxed then
    for _, id in ipairs(call.ids) do
      if judge.of[id] then judge.of[id].sent = true end
    end
    return
  end
  check_in_flight(judge)
  if call.action ~= "delete" then stopping.check_call(judge, call) end
  for _, id in ipairs(call.ids) do
    check_id(judge, id, call, now)
    check_tries(judge, id, call.action)
  end
  check_moment(judge, call, now)
  if judge.was_unknown and call.action == "delete" then check_pending_first(judge, call) end
end
