-- Virtual time: what is to happen when, and the clock that the engine is given. That one may be
-- held up in a sleep, jump, be set back, or be broken altogether.

local MOST_READS = 2000000 -- of one world, which may take hours; more are an engine that never ends

local Clock = {}
Clock.__index = Clock

--- Calls f after so many seconds. What it returns tells whether an answer was delivered.
function Clock:after(seconds, f)
  self.count = self.count + 1
  local events, at = self.events, self.now + seconds
  local i = #events
  while i > 0 and events[i].at > at do
    events[i + 1] = events[i]
    i = i - 1
  end
  events[i + 1] = { at = at, f = f }
end

--- Lets time pass, a little at least; with `stops` only until an answer was delivered.
function Clock:pass(seconds, stops)
  local till, events = self.now + math.max(seconds, 1e-6), self.events
  while events[1] and events[1].at <= till do
    local event = table.remove(events, 1)
    if event.at > self.now then self.now = event.at end
    if event.f() and stops then return end
  end
  if till > self.now then self.now = till end
end

--- Seconds until something happens, or nil.
function Clock:until_next()
  local event = self.events[1]
  return event and math.max(0, event.at - self.now)
end

--- The process is held up for longer than it meant to sleep; what comes in waits.
function Clock:hold(seconds)
  local more = self.random:between(1, 200)
  self.wasted = self.wasted + more
  self:pass(seconds + more, false)
end

--- The machine slept or was busy: nothing happened meanwhile.
function Clock:jump(seconds)
  self.wasted = self.wasted + seconds
  self.now = self.now + seconds
end

--- The engine's clock alone is set back.
function Clock:set_back(seconds)
  self.offset = self.offset - seconds
  self.was_set_back, self.wasted = true, self.wasted + seconds
end

local function count_use(self)
  self.reads = self.reads + 1
  if self.reads > MOST_READS then self.never_ends() end
end

--- What the engine reads.
function Clock:read()
  count_use(self)
  self.last_read = self.now
  if self.broken and self.reads > self.broken.after then return self.broken.read(self) end
  return self.now + self.offset
end

--- What the engine sleeps by. A process that is held up wakes late, and all that comes in
--- meanwhile waits for it.
function Clock:sleep(seconds)
  count_use(self)
  if type(seconds) ~= "number" or not (seconds >= 0 and seconds < 1e7) then
    self.wrong("a sleep of " .. tostring(seconds))
    return
  end
  if self.broken and self.reads > self.broken.after and self.broken.stands_still then return end
  local held = self.held_up and self.random:chance(0.15)
  if held then return self:hold(seconds) end
  self:pass(seconds, true)
end

---@param random table
---@param wrong fun(finding: string)
---@param never_ends fun() must not return
return function(random, wrong, never_ends)
  return setmetatable({ now = 0, offset = 0, last_read = 0, reads = 0, wasted = 0, events = {},
    count = 0, random = random, wrong = wrong, never_ends = never_ends }, Clock)
end
