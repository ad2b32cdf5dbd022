-- The simulator as a process of its own, for specs that block: what simulator.spawn gives, and the
-- whole world of it at a look.

local simulator = require "geelark.simulator"

---@class spec.support.Simulator
---@field process geelark.simulator.Process
---@field url string base URL
local Simulator = {}
Simulator.__index = Simulator

---The world as it is now.
---@return geelark.simulator.ServerState
function Simulator:state()
  return self.process:world()
end

---Sets another plan of faults, from the next request on.
---@param plan geelark.simulator.Fault[]|string a list, or Lua source that returns a list or a
---  function
function Simulator:plan(plan)
  self.process:plan(plan)
end

---Puts phones into states, or makes them.
---@param states table<string, geelark.simulator.State|"missing"> by id
function Simulator:set(states)
  for id, state in pairs(states) do self.process:set(id, state) end
end

---Ends the process; it is gone on return. May be called again.
function Simulator:stop()
  self.process:stop()
end

local support = {}

---Starts a simulator and returns when it listens.
---@param options geelark.simulator.Options|nil a plan is a list or Lua source
---@return spec.support.Simulator
function support.start(options)
  local process = simulator.spawn(options)
  return setmetatable({ process = process, url = process.url }, Simulator)
end

return support
