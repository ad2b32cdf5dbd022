-- The simulated service within this process, without a socket: what `simulator.new` returns.

local clocks = require "geelark.simulator.clock"
local transport = require "geelark.simulator.transport"
local worlds = require "geelark.simulator.world"

---@class geelark.simulator.Service
local Service = {}
Service.__index = Service

---The ids of its phones, in order, also of those that are gone or never were there.
---@return string[]
function Service:ids()
  local ids = {}
  for i, id in ipairs(self.world.phones.order) do ids[i] = id end
  return ids
end

---Options for `geelark.delete`, `geelark.start` and `geelark.new`, so that they ask this service:
---credentials, `transport`, and a virtual `clock`, by which nothing ever waits.
---@param more geelark.Options|nil options that are put with them
---@return geelark.Options options a new table
function Service:options(more)
  local settings, clock = self.world.settings, self.clock
  local options = {
    token = settings.token, app_id = settings.app_id, api_key = settings.api_key,
    transport = self.transport,
    clock = {
      now = function() return clock.time end,
      sleep = function(seconds) clock:sleep(seconds) end,
      seed = 1,
    },
  }
  for name, value in pairs(more or {}) do options[name] = value end
  return options
end

---@param id string
---@return geelark.simulator.State|"deleted"|nil state nil where there never was such a phone
function Service:state(id)
  return self.world:phone(id, self.clock.time)
end

---Puts a phone into a state, or makes it.
---@param id string
---@param state geelark.simulator.State|"missing" "missing" takes it away
function Service:set(id, state)
  self.world:set(id, state)
end

---What was asked: an entry for each request, in the order in which they came.
---@return geelark.simulator.Record[] those until now
function Service:requests()
  local requests = {}
  for i, request in ipairs(self.world.requests) do requests[i] = request end
  return requests
end

---Sets another plan of faults; its first entry is for the next request.
---@param plan geelark.simulator.Fault[]|geelark.simulator.PlanFunction|string
function Service:plan(plan)
  self.world:set_plan(plan)
end

local service = {}

---@param given geelark.simulator.Options|nil
---@return geelark.simulator.Service
function service.new(given)
  local world, clock = worlds.new(given), clocks.new()
  return setmetatable(
    { world = world, clock = clock, transport = transport(world, clock) }, Service)
end

return service
