-- Virtual time: what is to happen when, and a clock that only goes on while somebody sleeps by it.

---@class geelark.simulator.Clock
---@field time number seconds since the epoch
local Clock = {}
Clock.__index = Clock

---Has a function called after so many seconds, within a sleep.
---@param seconds number
---@param act function
function Clock:after(seconds, act)
  local events, at = self.events, self.time + seconds
  local i = #events
  while i > 0 and events[i].at > at do
    events[i + 1] = events[i]
    i = i - 1
  end
  events[i + 1] = { at = at, act = act }
end

---Lets time pass: until something happens, else for so many seconds.
---@param seconds number
function Clock:sleep(seconds)
  local till, events = self.time + seconds, self.events
  if not events[1] or events[1].at > till then
    self.time = till
    return
  end
  self.time = math.max(self.time, events[1].at)
  repeat
    table.remove(events, 1).act()
  until not events[1] or events[1].at > self.time
end

local clock = {}

-- A full minute and hour, so that the service's windows begin with the clock; the same at each
-- run, so that a spec that fails fails again.
local START = 1767225600 -- 2026-01-01 00:00:00 UTC

---@return geelark.simulator.Clock
function clock.new()
  return setmetatable({ time = START, events = {} }, Clock)
end

return clock
