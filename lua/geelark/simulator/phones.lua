-- The phones of the simulated account: which there are, what state each is in, and what
-- the service says to a delete or a stop in that state. No I/O; the time is an argument.

---@alias geelark.simulator.State
---| "stopped" # can be deleted
---| "started"
---| "starting"
---| "in_use"
---| "executing" # a task
---| "connected" # somebody is connected to it remotely
---| "renewing" # one-click new machine
---| "expired"
---| "running" # and can't be deleted now
---| "withdrawn" # its device model is
---| "unavailable" # maintenance

-- status: what the status call says of it; delete, stop: the code of the refusal.
local STATES = {
  stopped = { status = 2 },
  started = { status = 0, delete = 43009 },
  starting = { status = 1, delete = 43010 },
  in_use = { status = 0, delete = 43021 },
  executing = { status = 0, delete = 43005, stop = 43005 },
  connected = { status = 0, delete = 43006, stop = 43006 },
  renewing = { status = 2, delete = 43011 },
  expired = { status = 3, delete = 43004 },
  running = { status = 0, delete = 43036 },
  withdrawn = { status = 2, delete = 43038 },
  unavailable = { status = 2, delete = 43039 },
}
-- A phone that is in use stays so until whoever uses it ends that.
local STOPPABLE = { started = true, starting = true, running = true }
local NOT_FOUND = 42001

-- The ids of the real service are snowflakes whose neighbours lie 65,536 apart. They are
-- more than a double holds, so they are counted in two halves of nine digits.
local FIRST_HIGH, FIRST_LOW, STEP, HALF = 528086321, 789535232, 65536, 1e9

---@class geelark.simulator.Phones
---@field states table<string, geelark.simulator.State> by id
---@field stopping table<string, number> id → time when its stop takes effect
local Phones = { NOT_FOUND = NOT_FOUND }
Phones.__index = Phones

---@param id string
---@param now number seconds
---@return geelark.simulator.State|nil state nil where there is no such phone
function Phones:state(id, now)
  local stopped_at = self.stopping[id]
  if stopped_at and now >= stopped_at then
    self.states[id], self.stopping[id] = "stopped", nil
  end
  return self.states[id]
end

---Puts a phone into a state, makes it, or (with nil) takes it away.
---@param id string
---@param state geelark.simulator.State|nil
function Phones:set(id, state)
  if state ~= nil and not STATES[state] then
    error(("phone %s: unknown state '%s'"):format(tostring(id), tostring(state)), 0)
  end
  self.states[id], self.stopping[id] = state, nil
end

---@param id string
---@param now number seconds
---@return integer|nil code nil where the phone was deleted
function Phones:delete(id, now)
  local state = self:state(id, now)
  local code = not state and NOT_FOUND or state and STATES[state].delete
  if code then return code end
  self:set(id, nil)
end

---Stops a phone, which takes a while: until then it is what it was.
---@param id string
---@param now number seconds
---@return integer|nil code nil where it was stopped or needed no stop
function Phones:stop(id, now)
  local state = self:state(id, now)
  local code = not state and NOT_FOUND or state and STATES[state].stop
  if code then return code end
  if STOPPABLE[state] then
    self.stopping[id] = self.stopping[id] or now + self.stop_seconds
  end
end

---@param id string
---@param now number seconds
---@return integer|nil status 0 started (also one that is being stopped), 1 starting, 2 shut
---  down, 3 expired
function Phones:status(id, now)
  local state = self:state(id, now)
  return state and (self.stopping[id] and 0 or STATES[state].status)
end

---Every phone that there is.
---@param now number seconds
---@return table<string, geelark.simulator.State> states by id; a copy
---@return integer count
function Phones:all(now)
  local all, count = {}, 0
  for id in pairs(self.states) do
    all[id] = self:state(id, now)
    count = count + 1
  end
  return all, count
end

local phones = {}

---Ids like the real ones: 18 digits, neighbours 65,536 apart.
---@param count integer
---@return string[]
function phones.ids(count)
  local ids = {}
  for i = 1, count do
    local low = FIRST_LOW + (i - 1) * STEP
    local carry = math.floor(low / HALF)
    ids[i] = ("%.0f%09.0f"):format(FIRST_HIGH + carry, low - carry * HALF)
  end
  return ids
end

-- Positions of `wanted` special phones spread evenly over `count`, state by state.
local function spread(count, wanted)
  local names, specials = {}, {}
  for name in pairs(wanted) do names[#names + 1] = name end
  table.sort(names)
  for _, name in ipairs(names) do
    for _ = 1, wanted[name] do specials[#specials + 1] = name end
  end
  if #specials > count then
    error(("states: %d phones can't have %d states"):format(count, #specials), 0)
  end
  local at = {}
  for i, name in ipairs(specials) do
    at[math.floor((i - 0.5) * count / #specials) + 1] = name
  end
  return at
end

local function add_numbered(self, count, wanted)
  local at = spread(count, wanted)
  for i, id in ipairs(phones.ids(count)) do
    if at[i] ~= "missing" then self:set(id, at[i] or "stopped") end
  end
end

---@class geelark.simulator.PhonesOptions
---@field phones integer|string[]|table<string, geelark.simulator.State> how many (with
---  the ids of `ids(n)`), or the ids of stopped ones, or each id's state
---@field states table<string, integer>|nil with a number of phones: how many of them are
---  in which other state, spread evenly; "missing" ones have an id and no phone
---@field stop_seconds number until a stop takes effect

---@param options geelark.simulator.PhonesOptions
---@return geelark.simulator.Phones
function phones.new(options)
  local self = setmetatable(
    { states = {}, stopping = {}, stop_seconds = options.stop_seconds }, Phones)
  if type(options.phones) == "number" then
    add_numbered(self, options.phones, options.states or {})
    return self
  end
  for key, value in pairs(options.phones) do
    if type(key) == "number" then self:set(value, "stopped") else self:set(key, value) end
  end
  return self
end

return phones
