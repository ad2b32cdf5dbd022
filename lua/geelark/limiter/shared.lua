-- What the limiters have in common whatever store they share: their limits, and what a holder has
-- to remember from one request to the next.

local core = require "geelark.core"
local nearest = require "geelark.nearest"
local rules = require "geelark.limiter.rules"

local DEFAULTS = { requests_per_minute = 200, requests_per_hour = 24000, concurrency = false }
local MINUTE, HOUR = 60.01, 3600.01 -- seconds, as in rules.lua
local ASK_AGAIN = 1 -- seconds; the store can't be asked
local ALWAYS = 1e12 -- seconds

local shared = {
  ---The rules, for stores in which Lua isn't run: decide(store, question, now), see rules.lua.
  decide = assert((rawget(_G, "loadstring") or load)(rules .. " return decide"))(),
}

local function is_whole(value)
  return type(value) == "number" and value >= 1 and value <= 1e9 and value % 1 == 0
end

---@class geelark.Limits
---@field requests_per_minute? integer|false # for each path; default 200; false lifts it
---@field requests_per_hour? integer|false   # for each path; default 24000; false lifts it
---@field concurrency? integer|false         # requests in flight at once over all paths; default none

---Raises where they are wrong.
---@param who string the function that was called, for the message
---@param given any
---@return geelark.Limits limits all of them
function shared.limits(who, given)
  local limits = {}
  if given ~= nil and type(given) ~= "table" then
    error(("%s: limits: table expected, got %s"):format(who, type(given)), 0)
  end
  for name, value in pairs(DEFAULTS) do limits[name] = value end
  for name, value in pairs(given or {}) do
    if DEFAULTS[name] == nil then
      error(("%s: limits.%s: unknown, did you mean %s?")
        :format(who, tostring(name), nearest(name, DEFAULTS)), 0)
    end
    if value ~= false and not is_whole(value) then
      error(("%s: limits.%s: whole number from 1, or false, expected, got %s")
        :format(who, name, tostring(value)), 0)
    end
    limits[name] = value
  end
  return limits
end

-- How long a request counts at the most. An hour's limit that sixty minutes can't reach never
-- holds anybody up.
local function longest_window(limits)
  local minute, hour = limits.requests_per_minute, limits.requests_per_hour
  if hour and not (minute and hour >= 60 * minute) then return HOUR end
  return minute and MINUTE or 0
end

---@class geelark.limiter.Question
---@field limits geelark.Limits
---@field path string
---@field seconds? number  # that the request may last
---@field ticket? number   # its answer came
---@field holder? number   # none: the first question of this process
---@field made? string     # the store that it was told of,
---@field counts_until? number # and until when that matters, by the store's clock

---@class geelark.limiter.Answer
---@field result "token"|"wait"|"given"|"forgotten"
---@field value number     # the ticket, or the seconds to wait
---@field holder number    # and what the next question has to say again
---@field made string
---@field now number       # by the store's clock

-- What the interpreter raises for Ctrl-C says nothing of the store: it has to end the job.
local function check_interrupt(answer, why)
  if not answer and why and why:find "interrupted!$" then error(why, 0) end
  return answer, why
end

---A limiter whose store answers questions.
---@param limits geelark.Limits
---@param ask fun(question: geelark.limiter.Question): geelark.limiter.Answer?, string? # or nil and why it can't be asked
---@return geelark.Limiter
function shared.limiter(limits, ask)
  local longest = longest_window(limits)
  local holder = { counts_until = 0 } -- what this process was told

  return {
    take = function(seconds, path)
      -- In the child of a fork it is another one: each has a place of its own in the line.
      if holder.pid ~= core.pid() then
        holder = { pid = core.pid(), made = holder.made, counts_until = holder.counts_until }
      end
      local answer, why = check_interrupt(ask { limits = limits, path = path, seconds = seconds,
        holder = holder.number, made = holder.made, counts_until = holder.counts_until })
      if not answer then return nil, ASK_AGAIN, why end
      if answer.result == "forgotten" then
        return nil, ASK_AGAIN, "the store has lost what it counted"
      end
      holder.number, holder.made = answer.holder, answer.made
      if answer.result == "wait" then return nil, answer.value end
      local until_then = answer.now + seconds + longest
      holder.counts_until = math.max(holder.counts_until, until_then)
      return { ticket = answer.value, path = path, made = answer.made }
    end,
    -- Where the store can't be asked the request counts as though it had taken all its time.
    give = function(token)
      local answer = check_interrupt(ask { limits = limits, path = token.path,
        ticket = token.ticket, made = token.made, counts_until = ALWAYS })
      if answer and answer.result == "given" then
        holder.counts_until = math.max(holder.counts_until, answer.now + longest)
      end
    end,
  }
end

return shared
