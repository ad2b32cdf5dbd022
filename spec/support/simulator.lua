-- Starts the simulator as a process of its own, for specs that block. Orders go to it
-- through its standard input, answers come back through a FIFO, so that the world can be
-- looked at without a socket and without geelark. The process ends with its input, and so
-- with the spec's process, however that dies.

local cjson = require("cjson").new()
local shell = require "spec.support.shell"
local temporary = require "spec.support.temporary"

cjson.encode_sparse_array(true)

-- Under strict globals, which a user's program may have, too.
local LAUNCH = [[
require "spec.support.strict"
local file = assert(io.open(%q))
local options = require("cjson").decode(file:read "*a")
file:close()
require("geelark.simulator").main(options, true)]]

---@class spec.support.Simulator
---@field url string base URL
local Simulator = {}
Simulator.__index = Simulator

-- Sends one order and returns what the simulator answers.
local function order(self, name, argument)
  assert(self.input, "the simulator was stopped")
  local line = argument == nil and name or name .. " " .. cjson.encode(argument)
  self.input:write(line, "\n")
  self.input:flush()
  local answer = self.output:read "*l"
  if not answer then error("the simulator died; its standard error says why", 3) end
  answer = cjson.decode(answer)
  if answer.error then error("simulator: " .. answer.error, 3) end
  return answer.result
end

---The world as it is now.
---@return geelark.simulator.ServerState
function Simulator:state()
  return order(self, "state")
end

---Sets another plan of faults, from the next request on.
---@param plan geelark.simulator.Fault[]|string a list, or Lua source that returns a
---  list or a function
function Simulator:plan(plan)
  order(self, "plan", plan)
end

---Puts phones into states, or makes them.
---@param states table<string, geelark.simulator.State|"missing"> by id
function Simulator:set(states)
  order(self, "phones", states)
end

---Ends the process; it is gone on return. May be called again.
function Simulator:stop()
  if not self.input then return end
  self.input:write "stop\n"
  self.input:close()
  self.output:close()
  self.input, self.output = nil, nil
end

-- Starts the process between two pipes. `cat` stands between the FIFO and this process:
-- the two openings of the FIFO then wait for each other alone, its end means that the
-- simulator has died, and the simulator itself holds no end that it writes to.
local function launch(directory, options)
  local fifo = shell.quote(directory:file "answers")
  local settings = directory:write("options.json", cjson.encode(options))
  os.execute("mkfifo " .. fifo)
  local output = assert(io.popen("exec cat " .. fifo, "r"))
  local command = shell.run_lua(LAUNCH:format(settings)) .. " >" .. fifo
  return assert(io.popen(command, "w")), output
end

local support = {}

---Starts a simulator and returns when it listens.
---@param options geelark.simulator.Options|nil those of geelark.simulator.new; a plan is
---  a list or Lua source, since it goes to another process
---@return spec.support.Simulator
function support.start(options)
  local directory = temporary.new()
  local input, output = launch(directory, options or {})
  local ready = output:read "*l"
  directory:remove()
  local url = ready and ready:match "GEELARK_BASE_URL=(%S+)"
  if not url then
    input:close()
    output:close()
    error("the simulator did not start; its standard error says why", 2)
  end
  return setmetatable({ url = url, input = input, output = output }, Simulator)
end

return support
