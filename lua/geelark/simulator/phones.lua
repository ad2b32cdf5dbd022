-- The phones of the simulated account: which there are, what state each is in, and what
-- the service says to a delete, stop or start in that state. No I/O; the time is an argument.

local check = require "geelark.simulator.check"

---@alias geelark.simulator.State
---| "stopped" # can be deleted
---| "started"
---| "starting" # and started `start_seconds` after the first call that meets it
---| "stuck_starting" # not started ever, though its status says that it is shut down
---| "unstoppable" # started; a stop is accepted and never takes effect
---| "in_use"
---| "executing" # a task
---| "connected" # somebody is connected to it remotely
---| "renewing" # one-click new machine
---| "expired"
---| "running" # and can't be deleted now
---| "withdrawn" # its device model is
---| "unavailable" # maintenance

-- status: what the status call says of it; delete, stop, start: the code of the refusal. What
-- start refuses is a guess.
local STATES = {
  stopped = { status = 2 },
  started = { status = 0, delete = 43009 },
  starting = { status = 1, delete = 43010 },
  stuck_starting = { status = 2, delete = 43010 },
  unstoppable = { status = 0, delete = 43009 },
  in_use = { status = 0, delete = 43021 },
  executing = { status = 0, delete = 43005, stop = 43005 },
  connected = { status = 0, delete = 43006, stop = 43006 },
  renewing = { status = 2, delete = 43011, start = 43011 },
  expired = { status = 3, delete = 43004, start = 43004 },
  running = { status = 0, delete = 43036 },
  withdrawn = { status = 2, delete = 43038, start = 43038 },
  unavailable = { status = 2, delete = 43039, start = 43039 },
}
-- A phone that is in use stays so until whoever uses it ends that.
local STOPPABLE = { started = true, starting = true, running = true }
local NOT_FOUND = 42001

-- The ids of the real service are snowflakes whose neighbours lie 65,536 apart. They are
-- more than a double holds, so they are counted in two halves of nine digits.
local FIRST_HIGH, FIRST_LOW, STEP, HALF = 528086321, 789535232, 65536, 1e9
local MOST = 10000000 -- phones; more would take gigabytes

---@class geelark.simulator.Phones
---@field order string[] every id that there ever was, also those without a phone
---@field states table<string, geelark.simulator.State> by id
---@field changes table<string, { at: number, to: geelark.simulator.State }> what a stop or a
---  start will make of it, and when
---@field deleted table<string, boolean> those that delete took away
local Phones = { NOT_FOUND = NOT_FOUND }
Phones.__index = Phones

---@param id string
---@param now number seconds
---@return geelark.simulator.State|nil state nil where there is no such phone
function Phones:state(id, now)
  local change = self.changes[id]
  if not change and self.states[id] == "starting" then
    change = { at = now + self.start_seconds, to = "started" }
    self.changes[id] = change
  end
  if change and now >= change.at then
    self.states[id], self.changes[id] = change.to, nil
  end
  return self.states[id]
end

local function add(self, id)
  if self.known[id] then return end
  self.known[id] = true
  self.order[#self.order + 1] = id
end

---Puts a phone into a state, makes it, or (with nil) takes it away.
---@param id string
---@param state geelark.simulator.State|nil
function Phones:set(id, state)
  if type(id) ~= "string" then error("phones: string expected as id, got " .. type(id), 0) end
  if state ~= nil then check.choice("phones." .. tostring(id), state, STATES) end
  add(self, id)
  self.states[id], self.changes[id], self.deleted[id] = state, nil, nil
end

-- The state of a phone, or the code with which `call` refuses it.
local function refusal(self, id, now, call)
  local state = self:state(id, now)
  return state, not state and NOT_FOUND or state and STATES[state][call]
end

---@param id string
---@param now number seconds
---@return integer|nil code nil where the phone was deleted
function Phones:delete(id, now)
  local _, code = refusal(self, id, now, "delete")
  if code then return code end
  self:set(id, nil)
  self.deleted[id] = true
end

---Stops a phone, which takes a while: until then it is what it was.
---@param id string
---@param now number seconds
---@return integer|nil code nil where it is stopped, or needs no stop
function Phones:stop(id, now)
  local state, code = refusal(self, id, now, "stop")
  if code then return code end
  local change = self.changes[id]
  if STOPPABLE[state] and not (change and change.to == "stopped") then
    self.changes[id] = { at = now + self.stop_seconds, to = "stopped" }
  end
end

---Starts a phone, which takes a while: until then it is starting.
---@param id string
---@param now number seconds
---@return integer|nil code nil where it is started, or needs no start
function Phones:start(id, now)
  local state, code = refusal(self, id, now, "start")
  if code then return code end
  if state == "stopped" then
    self.states[id] = "starting"
    self:state(id, now)
  end
end

---@param id string
---@param now number seconds
---@return integer|nil status 0 started (also one that is being stopped), 1 starting, 2 shut
---  down, 3 expired; nil where there is no such phone
function Phones:status(id, now)
  local state, change = self:state(id, now), self.changes[id]
  if change and change.to == "stopped" then return 0 end
  return state and STATES[state].status
end

---@param id string
---@param now number seconds
---@return boolean whether it executes a task
function Phones:executes(id, now)
  return self:state(id, now) == "executing"
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

local phones = { STATES = STATES, MOST = MOST }

---The code with which delete refuses a phone in this state.
---@param state geelark.simulator.State|"missing"
---@return integer code
function phones.refusal(state)
  return state == "missing" and NOT_FOUND or STATES[state].delete
end

---Ids like the real ones: 18 digits, neighbours 65,536 apart.
---@param count integer at most 10,000,000; more raises
---@return string[]
function phones.ids(count)
  if not (count >= 0 and count <= MOST and count % 1 == 0) then
    error(("phones: integer from 0 to %d expected, got %s"):format(MOST, tostring(count)), 0)
  end
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
  for name in pairs(wanted) do
    if name ~= "missing" then check.choice("states", name, STATES) end
    local number = wanted[name]
    if type(number) ~= "number" or number % 1 ~= 0 or number < 0 then
      error(("states.%s: integer from 0 on expected, got %s"):format(name, tostring(number)), 0)
    end
    names[#names + 1] = name
  end
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

local function put(self, id, state)
  if state == "missing" then add(self, id) else self:set(id, state) end
end

local function add_numbered(self, count, wanted)
  local at = spread(count, wanted)
  for i, id in ipairs(phones.ids(count)) do put(self, id, at[i] or "stopped") end
end

-- A list of ids keeps its order; a map has none, and is sorted.
local function add_given(self, given)
  local ids = {}
  for key, value in pairs(given) do
    if type(value) ~= "string" then
      error(("phones: string expected as id or state, got %s"):format(type(value)), 0)
    end
    if type(key) == "string" then
      ids[#ids + 1] = key
    elseif given[key - 1] == nil and key ~= 1 then
      error(("phones: nothing stands before the position %s"):format(tostring(key)), 0)
    end
  end
  table.sort(ids)
  for _, id in ipairs(given) do self:set(id, "stopped") end
  for _, id in ipairs(ids) do put(self, id, given[id]) end
end

---@param settings geelark.simulator.Options phones, states, stop_seconds, start_seconds
---@return geelark.simulator.Phones
function phones.new(settings)
  local self = setmetatable({ order = {}, known = {}, states = {}, changes = {}, deleted = {},
    stop_seconds = settings.stop_seconds, start_seconds = settings.start_seconds }, Phones)
  if type(settings.phones) == "number" then
    add_numbered(self, settings.phones, settings.states or {})
  else
    if settings.states then error("states: phones is no number, but names them itself", 0) end
    add_given(self, settings.phones)
  end
  return self
end

return phones
