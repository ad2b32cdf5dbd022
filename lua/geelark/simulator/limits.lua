-- How often may be called: so many requests a minute and so many an hour for each API, and the
-- lock of two hours that going over the hour brings to that API. Windows are fixed, as the
-- service's are: a full minute is lifted when the next one begins. The length of the minute can
-- be set, and the hour and the lock scale with it.

local messages = require "geelark.simulator.messages"

local MINUTE_LIMIT, HOUR_LIMIT = 40007, 40014
local MINUTES_AN_HOUR, MINUTES_LOCKED = 60, 120

---@class geelark.simulator.Limits
local Limits = {}
Limits.__index = Limits

-- An API's counter of the window that `now` lies in; an older one begins again at zero.
local function current(counters, api, length, now)
  local window = math.floor(now / length)
  local counter = counters[api]
  if not counter or counter.window ~= window then
    counter = { window = window, requests = 0 }
    counters[api] = counter
  end
  return counter
end

---Counts a request, or says with which code it is refused.
---@param api string path of the API
---@param now number seconds
---@return integer|nil code
---@return string|nil why
function Limits:refusal(api, now)
  if now < (self.locked_until[api] or now) then return HOUR_LIMIT, "locked for two hours" end
  local hour = current(self.hours, api, self.minute * MINUTES_AN_HOUR, now)
  if self.per_hour and hour.requests >= self.per_hour then
    self.locked_until[api] = now + self.minute * MINUTES_LOCKED
    return HOUR_LIMIT, "over the hour's limit, locked for two hours"
  end
  local minute = current(self.minutes, api, self.minute, now)
  if self.per_minute and minute.requests >= self.per_minute then
    return MINUTE_LIMIT, messages[MINUTE_LIMIT]
  end
  hour.requests, minute.requests = hour.requests + 1, minute.requests + 1
end

local limits = {}

---@param settings geelark.simulator.Options requests_per_minute and requests_per_hour, each false
---  where there is no limit; minute: its length in seconds
---@return geelark.simulator.Limits
function limits.new(settings)
  return setmetatable({
    per_minute = settings.requests_per_minute,
    per_hour = settings.requests_per_hour,
    minute = settings.minute,
    locked_until = {},
    minutes = {},
    hours = {},
  }, Limits)
end

return limits
