-- Virtual time: what is to happen when, and a clock for the engine that may step.

local Clock = {}
Clock.__index = Clock

--- Calls f after so many seconds. What it returns tells whether an answer was delivered.
function Clock:after(seconds, f)
  self.count = self.count + 1
  local event = { at = self.now + seconds, order = self.count, f = f }
  local i = #self.events
  while i > 0 and self.events[i].at > event.at do i = i - 1 end
  table.insert(self.events, i + 1, event)
end

--- Lets time pass until `seconds` are over or an answer was delivered.
function Clock:sleep(seconds)
  self.sleeps = self.sleeps + 1
  if self.sleeps > 100000 then error("the job never ends", 0) end
  local till = self.now + seconds
  while self.events[1] and self.events[1].at <= till do
    local event = table.remove(self.events, 1)
    self.now = math.max(self.now, event.at)
    if event.f() then return end
  end
  self.now = till
end

--- The machine slept: time went on without anybody.
function Clock:jump(seconds)
  self.now = self.now + seconds
end

--- The engine's clock alone is set back.
function Clock:set_back(seconds)
  self.offset = self.offset - seconds
end

function Clock:read()
  return self.now + self.offset
end

return function()
  return setmetatable({ now = 0, offset = 0, events = {}, count = 0, sleeps = 0 }, Clock)
end
