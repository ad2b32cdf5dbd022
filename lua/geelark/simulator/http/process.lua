-- The simulator as a process of its own: says on one line of its standard output where it
-- listens, as environment variables that geelark reads, and serves until it is ended.
-- Where it is controlled it also obeys its standard input, a pipe, line by line, and ends
-- with it: so a parent that dies, however, leaves no simulator behind.

local need = require "geelark.simulator.need"
local cqueues = need("cqueues", "lua-cqueues")
local cjson = need("cjson", "lua-cjson")

local json = cjson.new()
json.encode_sparse_array(true)

-- The commands of the control line: each takes what stood after its name, as decoded
-- JSON, and returns what is answered, as one line of JSON.
local commands = {}

function commands.state(server)
  return server:state()
end

function commands.plan(server, plan)
  server.world:set_plan(plan)
  return true
end

function commands.phones(server, states)
  for id, state in pairs(states) do
    server.world.phones:set(id, state ~= "missing" and state or nil)
  end
  return true
end

local function obey(server, line)
  local name, argument = line:match "^(%S+) ?(.*)$"
  local command = commands[name]
  if not command then error("unknown command: " .. line, 0) end
  return command(server, argument ~= "" and json.decode(argument) or nil)
end

-- A parent writes whole lines and waits for each answer, so that reading a line blocks
-- no longer than the parent's write does.
local function control(server)
  local input = { pollfd = 0, events = "r" }
  while true do
    cqueues.poll(input)
    local line = io.read()
    if not line or line == "stop" then break end
    local done, result = pcall(obey, server, line)
    io.write(json.encode(done and { result = result } or { error = result }), "\n")
    io.flush()
  end
  server:close()
end

local process = {}

---@param server geelark.simulator.Server
---@param ready string the line that says where it listens
---@param controlled boolean|nil whether it obeys standard input
function process.run(server, ready, controlled)
  server:listen()
  if controlled then server:wrap(control, server) end
  io.write(ready:format(server.url), "\n")
  io.flush()
  local done, reason = pcall(server.loop, server)
  -- Ctrl-C is how a person ends it.
  if not done and not tostring(reason):find("interrupted!", 1, true) then error(reason, 0) end
end

return process
