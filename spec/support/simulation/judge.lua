-- Follows one account as its requests leave and its answers come, and so knows by the rules of
-- the engine what each id's outcome must be. It knows of the module only what was promised.
--
-- What a leaving request is held against stands in departure.lua, what an answer of delete means in
-- meanings.lua, what one of stop or status means in stopping.lua. `of[id]` says of each id: `asked`
-- (a delete of it may have been obeyed, and no sound answer came), `perhaps` (the same, or it is open
-- whether the rule makes it so), `allow` (once an answer has decided: the outcomes that it may have),
-- `tries` (of its chunk), `stopping` (of one that was refused as running: see stopping.lua).

local check_departure = require "spec.support.simulation.departure"
local meanings = require "spec.support.simulation.meanings"
local outcome = require "spec.support.simulation.outcome"
local promises = require "spec.support.simulation.promises"
local stopping = require "spec.support.simulation.stopping"

local TINY = 1e-3 -- seconds
local EIGHT = 8

local Judge = {}
Judge.__index = Judge

function Judge:find(format, ...)
  self.finding = self.finding or format:format(...)
end

--- An err may be of these kinds; without a list, of any.
function Judge:may_be(kinds)
  if not kinds then
    self.any_kind = true
    return
  end
  for _, kind in ipairs(kinds) do self.kinds[kind] = true end
end

--- Something stops the job. A step that is under way need not know it yet.
function Judge:stop(kinds, why)
  self.may_stop = true
  self:may_be(kinds)
  if self.in_callback() then
    self.stops_after_step = self.stops_after_step or why
  else
    self.stopped = self.stopped or why
  end
end

--- The engine has come to itself: what came in while it stood in a callback counts from now.
function Judge:settle_step()
  self.stopped = self.stopped or self.stops_after_step
  self.stopping_ended = self.stopping_ended or self.stopping_ends_after_step
end

--- Trouble with stop or status ends the stopping of phones, and nothing else.
function Judge:end_stopping(why)
  self.stopping_may_end = true
  if self.in_callback() then self.stopping_ends_after_step = self.stopping_ends_after_step or why
  else self.stopping_ended = self.stopping_ended or why end
end

--- A caller's doing ends the job: it cancels, closes, or a callback of its raises.
function Judge:ended_by(kind)
  self:stop({ kind }, kind)
  if kind == "callback" then self.stopped = self.stopped or kind end
end

-- Departures ----------------------------------------------------------------------------------

--- It may have been obeyed, and no sound answer came. A stop or status does no harm.
function Judge:ask(call)
  if call.action ~= "delete" then return end
  for _, id in ipairs(call.ids) do
    local entry = self.of[id]
    if entry then
      entry.asked, entry.perhaps = true, true
      if entry.stopping then entry.stopping.asked = true end
    end
  end
end

-- One try more that came to nothing. Those of stop and status run out, too, but end no job.
local function count_non_answer(self, call)
  if call.action == "delete" then
    self.non_answers = self.non_answers + 1
    if self.non_answers >= EIGHT then self.may_stop = true end
  else
    self.stop_non_answers = self.stop_non_answers + 1
    local run_out = self.stop_non_answers >= EIGHT
    for _, id in ipairs(call.ids) do
      local entry = self.of[id]
      local tries = entry and entry.tries + entry.murky + self:tries_before(id)
      run_out = run_out or tries and tries >= self.options.attempts
    end
    if run_out then self.stopping_may_end = true end
  end
end

--- No answer came in time, or none will.
function Judge:give_up(call)
  call.open, call.given_up = false, true
  self.holds.delete.since = nil
  count_non_answer(self, call)
  if call.action == "delete" then self:may_be({ "timeout" }) end
  self:ask(call)
end

function Judge:is_overdue(call)
  return self.clock.last_read >= call.at + self.options.timeout - TINY
end

function Judge:is_past_deadline()
  local deadline = self.options.deadline
  return deadline and self.clock.last_read >= self.began + deadline - TINY
end

--- Whether a request timed out since this was asked last.
function Judge:notices_overdue()
  local found = false
  for _, call in ipairs(self.calls) do
    if call.open and not call.noticed and self:is_overdue(call) then
      call.noticed, found = true, true
    end
  end
  return found
end

--- Tries of the chunks that this id's chunk was halved from.
function Judge:tries_before(id)
  local entry = self.of[id]
  return entry and entry.halved and entry.halved.tries or 0
end

--- A request leaves.
function Judge:departs(call, now)
  call.open = true
  self.sent_of[call.action] = self.sent_of[call.action] + 1
  check_departure(self, call, now)
  self.calls[#self.calls + 1] = call
end

-- Answers -----------------------------------------------------------------------------------

local NO_ANSWER = { lost = true, again = true, unclear = true }

local function wait_as_told(self, call, fate, now)
  if not fate.retry_after then return end
  if fate.retry_after > (self.options.max_wait or 120) then
    if call.action ~= "delete" then return self:end_stopping "Retry-After over max_wait" end
    return self:stop({ fate.status == 429 and "quota" or "server" }, "Retry-After over max_wait")
  end
  if self.in_callback() then return end
  for _, id in ipairs(call.ids) do self.of[id].not_before = now + fate.retry_after end
end

--- Whether another answer came since the engine last looked: it may read them in any order.
function Judge:same_moment()
  return self.answered_at == self.clock.last_read
end

-- What a sound answer says of those that failed: by this code, when the service had acted so often.
local function note_told(self, call, fate)
  for id, code in pairs(fate.named) do
    self.told[id] = self.told[id] or {}
    self.told[id]["failed " .. code] = call.acted
    if call.action == "delete" and stopping.RUNS[code] then self.was_running[id] = true end
  end
end

-- The tries without any answer. Answers of stop and status are answers.
local function count_in_a_row(self, call, fate)
  if not NO_ANSWER[fate.class] then
    self.in_a_row = 0
    if fate.class ~= "held" then self.one_at_a_time = false end
    return
  end
  -- When more than one may be in flight again is left open: some answers of any kind are enough.
  if not fate.fail then self.slow_answers = self.slow_answers + 1 end
  if self.slow_answers >= 10 then self.one_at_a_time = false end
  if not fate.fail or self:same_moment() then self.in_a_row = 0
  elseif call.action == "delete" then self.in_a_row = self.in_a_row + 1 end
  count_non_answer(self, call)
end

-- What came to nothing to the end.
local function tries_run_out(self, call, fate)
  if call.action == "delete" or not (fate.class == "lost" or fate.class == "again") then return end
  for _, id in ipairs(call.ids) do
    if self.of[id].tries >= self.options.attempts then
      return self:end_stopping(call.action .. "'s tries ran out")
    end
  end
end

--- An answer was handed to the engine, which took it.
function Judge:delivered(call, fate, now)
  if call.given_up then return self:find "an answer counts for a request that was given up" end
  call.open, call.delivered = false, fate
  self.fresh[#self.fresh + 1] = call
  if fate.named then note_told(self, call, fate) end
  if self.relaxed then return end
  if fate.class ~= "held" then
    self.holds.delete.since, self.holds.delete.unread = nil, false
    if not fate.fail then self.answered_at = self.clock.last_read end
  end
  count_in_a_row(self, call, fate)
  if call.action == "delete" then
    self:may_be(fate.kinds or {})
    meanings[fate.class](self, call, fate, now)
  else
    stopping.meanings[call.action][fate.class](self, call, fate, now)
    tries_run_out(self, call, fate)
  end
  wait_as_told(self, call, fate, now)
end

--- Its path is held back.
function Judge:hold_back(call, fate, now)
  local hold = self.holds[call.action]
  for _, id in ipairs(call.ids) do self.of[id].tries = self.of[id].tries - 1 end
  hold.first = hold.first or now
  if self:notices_overdue() then self.holds.delete.since = nil end
  hold.unread = not self:same_moment()
  if self.in_callback() then return end
  hold.till = math.max(hold.till, now + 60)
  if fate.code == 40017 then self.one_at_a_time, self.slow_answers = true, 0 end
end

--- It is refused as a whole for one id's sake.
function Judge:halves(call)
  -- Whether the halves begin their tries anew is left open.
  local id = call.ids[1]
  local whole = { ids = call.ids, tries = self.of[id].tries - 1 + self:tries_before(id) }
  for _, each in ipairs(call.ids) do
    self.of[each].halved, self.of[each].tries = whole, 0
  end
end

-- What is told --------------------------------------------------------------------------------

--- An event.
function Judge:hears(event)
  if event.type == "wait" then return end
  local call = self.by_trace[event.traceId]
  if not self.sent_of[event.action] then self:find("an event of %s", tostring(event.action)) end
  if event.type == "send" then self.announced = event
  elseif event.type == "lost" then
    if not call then self:find "a try is told lost that never left"
    elseif call.action ~= event.action then
      self:find("a lost %s is told as one of %s", call.action, event.action)
    end
  elseif event.attempts > 0 then self.told_of[event.action] = self.told_of[event.action] + 1 end
end

--- A request was announced by the event before it.
function Judge:check_announced(call)
  self.by_trace[call.traceId] = call
  if not self.announces or self.relaxed then return end
  local event = self.announced
  if not event or event.traceId ~= call.traceId or event.action ~= call.action
    or #event.ids ~= #call.ids then
    self:find("a %s that was not announced", call.action)
  end
end

function Judge:check_progress(p, is_done)
  if p.totalAmount ~= p.successAmount + p.failAmount + p.unknownAmount + p.pendingAmount then
    self:find "progress doesn't add up"
  end
  local amount = p.stoppingAmount
  if not promises.stop_started then return end
  if not amount or amount < 0 or amount > p.pendingAmount or amount % 1 ~= 0 then
    self:find("stoppingAmount is %s, pendingAmount %d", tostring(amount), p.pendingAmount)
  elseif amount > 0 and (is_done or not self.options.stop_started) then
    self:find("stoppingAmount is %d", amount)
  end
end

--- The account goes on by resume: what was left is asked for again, and nothing is forgotten.
function Judge:go_on(result)
  self:close()
  self.was_pending, self.was_unknown = {}, {}
  for _, id in ipairs(result.pendingIds) do self.was_pending[id] = true end
  for _, id in ipairs(result.unknownIds) do self.was_unknown[id] = true end
  for _, list in ipairs { result.pendingIds, result.unknownIds } do
    for _, id in ipairs(list) do
      local entry = self.of[id]
      entry.allow, entry.halved, entry.not_before, entry.open_codes = nil, nil, nil, nil
      entry.stopping = nil
      if self.was_unknown[id] then entry.asked, entry.perhaps = true, true end
    end
  end
  for _, failure in ipairs(result.failDetails) do -- they stay so
    outcome.allow(self.of[failure.id], "failed " .. failure.code)
  end
  for action, amount in pairs(self.sent_of) do self.sent_before[action] = amount end
  self:begin()
end

-- Whether this answer was read is not known.
local function cut_off(entry, call)
  local s = entry.stopping
  entry.open_codes = entry.open_codes or {}
  if call.action == "delete" then
    entry.perhaps = true
    if s then s.perhaps = true end
    if entry.allow then entry.allow.unknown = true end
  end
  if s and entry.allow then outcome.or_refused(entry) end
end

--- Its client is closed: what came since its last step may be read or not.
function Judge:cut_off()
  self.was_cut = true
  for _, call in ipairs(self.fresh) do
    for _, id in ipairs(call.ids) do
      local entry = self.of[id]
      cut_off(entry, call)
      if self.accepted[id] and call.action == "stop" then self.accepted[id] = "perhaps" end
    end
  end
end

-- Whether the client heard that this path is held back so long ago, through whichever of its jobs.
local function was_held_long(self, action)
  for _, judge in ipairs(self.peers or { self }) do
    local first = judge.holds[action].first
    if first and self.clock.now - first >= 240 then return true end
  end
  return false
end

--- Nothing more comes: what is in flight was lost.
function Judge:close()
  if was_held_long(self, "delete") then
    self.may_stop = true
    self:may_be { "quota" }
  end
  if was_held_long(self, "stop") or was_held_long(self, "status") then
    self.stopping_may_end = true
  end
  for _, call in ipairs(self.calls) do
    if call.open then self:give_up(call) end
  end
end

--- A job begins, with its tries and its reasons to end.
function Judge:begin()
  self.calls, self.kinds, self.fresh = {}, {}, {}
  self.any_kind, self.may_stop, self.stopped, self.stops_after_step = false, false, nil, nil
  self.stopping_may_end, self.stopping_ended, self.stopping_ends_after_step = false, nil, nil
  self.holds = { delete = { till = -1 }, stop = { till = -1 }, status = { till = -1 } }
  self.one_at_a_time, self.slow_answers, self.answered_at = false, 0, nil
  self.non_answers, self.in_a_row, self.alone, self.alone_only = 0, 0, 0, true
  self.stop_non_answers, self.stops_alone = 0, 0
  for _, entry in pairs(self.of) do entry.tries, entry.murky = 0, 0 end
  self.deleted_any = false
  self.deadline_at = self.options.deadline and not self.clock.was_set_back
    and self.clock.now + self.options.deadline or nil
  self.began, self.told_of = self.clock.now, { delete = 0, stop = 0, status = 0 }
  if self.options.deadline then -- also before its time, where nothing could leave until then
    self.may_stop, self.kinds.deadline = true, true
  end
end

---@param ids string[]
---@param options table the job's
---@param clock table
---@param in_callback fun(): boolean whether the engine stands in a callback
return function(ids, options, clock, in_callback)
  local of = {}
  for _, id in ipairs(ids) do of[id] = of[id] or { asked = false, perhaps = false } end
  local judge = setmetatable({ ids = ids, of = of, options = options, clock = clock,
    in_callback = in_callback, accepted = {}, told = {}, by_trace = {}, was_running = {},
    sent_of = { delete = 0, stop = 0, status = 0 }, sent_before = {} }, Judge)
  judge:begin()
  return judge
end
