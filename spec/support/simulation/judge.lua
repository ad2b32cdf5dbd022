-- Follows one account as its requests leave and its answers come, and so knows by the rules of
-- the engine what each id's outcome must be. It knows of the module only what was promised.
--
-- What an answer means stands in meanings.lua. `of[id]` says of each id: `asked` (a request for it
-- may have been obeyed, and no sound answer came), `perhaps` (the same, or it is open whether the
-- rule makes it so), `allow` (once an answer has decided: the outcomes that it may have), `key`
-- (its chunk).

local meanings = require "spec.support.simulation.meanings"

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
end

--- A caller's doing ends the job: it cancels, closes, or a callback of its raises.
function Judge:ended_by(kind)
  self:stop({ kind }, kind)
  if kind == "callback" then self.stopped = self.stopped or kind end
end

-- Departures ----------------------------------------------------------------------------------

--- It may have been obeyed, and no sound answer came.
function Judge:ask(call)
  for _, id in ipairs(call.ids) do
    local entry = self.of[id]
    if entry then entry.asked, entry.perhaps = true, true end
  end
end

--- No answer came in time, or none will.
function Judge:give_up(call)
  call.open, call.given_up = false, true
  self.held_since = nil
  self.non_answers = self.non_answers + 1
  if self.non_answers >= EIGHT then self.may_stop = true end
  self:may_be({ "timeout" })
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

local function check_id(self, id, call, now)
  local entry = self.of[id]
  if not entry then return self:find("%s is not in the list", id) end
  if entry.allow then return self:find("%s is sent again though an answer decided", id) end
  local before = entry.call
  if before and before.open then
    if not self:is_overdue(before) then return self:find("%s is in flight twice", id) end
    self:give_up(before)
  end
  if now < (entry.not_before or now) - TINY then
    self:find("%s is sent before its Retry-After is over", id)
  end
  local whole = entry.halved
  if whole then
    if #call.ids >= #whole.ids then self:find("a chunk of %d is not halved", #whole.ids) end
    if not whole.went_on and call.ids[1] ~= whole.ids[1] then
      self:find("the right half of a halved chunk goes first")
    end
    whole.went_on = true
  end
  entry.call, entry.key, entry.sent = call, call.key, true
end

--- Tries of the chunks that this id's chunk was halved from.
function Judge:tries_before(id)
  local whole = self.of[id].halved
  return whole and whole.tries or 0
end

local function check_tries(self, call)
  local tries = (self.tries[call.key] or 0) + 1
  self.tries[call.key] = tries
  if tries > self.options.attempts then self:find("a chunk is tried %d times", tries) end
end

local function check_in_flight(self)
  local in_flight = 0
  for i = #self.calls, 1, -1 do
    local call = self.calls[i]
    if call.open and not self:is_overdue(call) then in_flight = in_flight + 1 end
  end
  local most = self.one_at_a_time and 1 or self.options.concurrency
  if in_flight + 1 > most then self:find("%d requests in flight", in_flight + 1) end
end

-- The engine has read what was held back, and counts from here at the latest.
local function note_held(self, now)
  if self.held_unread then self.held_since, self.held_unread = self.held_since or now, false end
end

local function check_moment(self, now)
  note_held(self, now)
  if self.stopped then self:find("a request after the job was stopped: %s", self.stopped) end
  if now < self.held_until - TINY then self:find "a request in a minute to be waited out" end
  if self.deadline_at and not self.clock.was_set_back
    and self.clock.last_read > self.deadline_at + TINY then
    self:find "a request after the deadline"
  end
  if self.in_a_row >= EIGHT then self:find "a ninth request to a service that is down" end
end

-- After a resume what was never asked goes first.
local function check_pending_first(self, call)
  local unknown
  for _, id in ipairs(call.ids) do unknown = unknown or self.was_unknown[id] and id end
  for _, id in ipairs(call.ids) do self.was_pending[id] = nil end
  local pending = next(self.was_pending)
  if unknown and pending then self:find("%s is asked for again before %s", unknown, pending) end
end

--- A request leaves.
function Judge:departs(call, now)
  call.open, call.key = true, call.ids[1] .. "/" .. #call.ids
  if self.relaxed then
    for _, id in ipairs(call.ids) do
      if self.of[id] then self.of[id].sent = true end
    end
  else
    check_in_flight(self)
    for _, id in ipairs(call.ids) do check_id(self, id, call, now) end
    check_tries(self, call)
    check_moment(self, now)
    if self.was_unknown then check_pending_first(self, call) end
  end
  self.calls[#self.calls + 1] = call
end

-- Answers -----------------------------------------------------------------------------------

local NO_ANSWER = { lost = true, again = true, unclear = true }

local function wait_as_told(self, call, fate, now)
  if not fate.retry_after then return end
  if fate.retry_after > (self.options.max_wait or 120) then
    return self:stop({ fate.status == 429 and "quota" or "server" }, "Retry-After over max_wait")
  end
  if self.in_callback() then return end
  for _, id in ipairs(call.ids) do self.of[id].not_before = now + fate.retry_after end
end

--- Whether another answer came since the engine last looked: it may read them in any order.
function Judge:same_moment()
  return self.answered_at == self.clock.last_read
end

--- An answer was handed to the engine, which took it.
function Judge:delivered(call, fate, now)
  if call.given_up then return self:find "an answer counts for a request that was given up" end
  call.open, call.delivered = false, fate
  self.fresh[#self.fresh + 1] = call
  if self.relaxed then return end
  if fate.class ~= "held" then self.held_since, self.held_unread = nil, false end
  if not fate.fail and fate.class ~= "held" then self.answered_at = self.clock.last_read end
  if NO_ANSWER[fate.class] then
    self.non_answers = self.non_answers + 1
    if fate.fail and not self:same_moment() then self.in_a_row = self.in_a_row + 1
    else self.in_a_row = 0 end
    if self.non_answers >= EIGHT then self.may_stop = true end
  else
    self.in_a_row = 0
    if fate.class ~= "held" then self.one_at_a_time = false end
  end
  self:may_be(fate.kinds or {})
  meanings[fate.class](self, call, fate, now)
  wait_as_told(self, call, fate, now)
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
      if self.was_unknown[id] then entry.asked, entry.perhaps = true, true end
    end
  end
  self:begin()
end

--- Its client is closed: what came since its last step may be read or not.
function Judge:cut_off()
  for _, call in ipairs(self.fresh) do
    for _, id in ipairs(call.ids) do
      local entry = self.of[id]
      entry.perhaps, entry.open_codes = true, entry.open_codes or {}
      if entry.allow then entry.allow.unknown = true end
    end
  end
end

--- Nothing more comes: what is in flight was lost.
function Judge:close()
  if self.held_first and self.clock.now - self.held_first >= 240 then self.may_stop = true end
  for _, call in ipairs(self.calls) do
    if call.open then self:give_up(call) end
  end
end

--- A job begins, with its tries and its reasons to end.
function Judge:begin()
  self.calls, self.tries, self.kinds, self.fresh = {}, {}, {}, {}
  self.any_kind, self.may_stop, self.stopped, self.stops_after_step = false, false, nil, nil
  self.held_until, self.held_first, self.held_since, self.one_at_a_time = -1, nil, nil, false
  self.answered_at, self.held_unread = nil, false
  self.non_answers, self.in_a_row, self.alone, self.alone_only = 0, 0, 0, true
  self.deleted_any = false
  self.deadline_at = self.options.deadline and not self.clock.was_set_back
    and self.clock.now + self.options.deadline or nil
  self.began = self.clock.now
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
    in_callback = in_callback }, Judge)
  judge:begin()
  return judge
end
