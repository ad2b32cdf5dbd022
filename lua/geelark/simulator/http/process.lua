-- The simulator as a process of its own: says where it listens and serves until it is ended, by
-- Ctrl-C or a signal. Where it is controlled (see geelark.simulator.spawn) it also obeys its
-- standard input, a pipe, line by line, and ends with it: so a parent that dies, however, leaves
-- no simulator behind.

local need = require "geelark.simulator.need"
local cqueues = need("cqueues", "lua-cqueues")
local signals = need("cqueues.signal", "lua-cqueues")
local cjson = need("cjson", "lua-cjson")
local servers = require "geelark.simulator.http.server"

local IDS_SHOWN = 3

local json = cjson.new()
json.encode_sparse_array(true)
json.encode_invalid_numbers(true) -- `times = math.huge`

-- The commands of the control line: each takes what stood after its name, as decoded JSON, and
-- returns what is answered, as one line of JSON.
local commands = {}

function commands.world(server)
  return server:state()
end

function commands.ids(server)
  return server.world.phones.order
end

function commands.requests(server)
  return server.world.requests
end

function commands.state(server, id)
  return server.world:phone(id[1], server.now())
end

function commands.plan(server, plan)
  server.world:set_plan(plan[1])
end

function commands.set(server, phone)
  server.world:set(phone[1], phone[2])
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

-- Ctrl-C reaches a parent, too, which may still wait for answers and then ends this process.
local function end_by_signal(server, controlled)
  signals.block(signals.SIGINT, signals.SIGTERM, signals.SIGHUP)
  local listener = controlled and signals.listen(signals.SIGTERM, signals.SIGHUP)
    or signals.listen(signals.SIGINT, signals.SIGTERM, signals.SIGHUP)
  server:wrap(function()
    listener:wait()
    server:close()
  end)
end

-- What a person needs: variables to paste into another shell, and a few ids.
local function introduce(server)
  local settings, ids = server.world.settings, server.world.phones.order
  local words = { "export GEELARK_BASE_URL=" .. server.url }
  if settings.token == "simulator" then words[#words + 1] = "GEELARK_TOKEN=simulator" end
  if server.ca_file then words[#words + 1] = "GEELARK_CA_FILE=" .. server.ca_file end
  local shown = table.concat(ids, " ", 1, math.min(#ids, IDS_SHOWN))
  return table.concat(words, " ") .. ("\n# %d ids%s%s"):format(#ids, #ids > 0 and ": " or "", shown)
    .. (#ids > IDS_SHOWN and " ..." or "")
end

local process = {}

---Runs until it is told to end. Raises where it can't listen.
---@param given geelark.simulator.Options|nil
---@param controlled boolean|nil whether it obeys standard input
function process.run(given, controlled)
  local server = servers.new(given)
  end_by_signal(server, controlled)
  server:listen()
  if controlled then server:wrap(control, server) end
  local where = { url = server.url, ca_file = server.ca_file }
  io.write(controlled and json.encode(where) or introduce(server), "\n")
  io.flush()
  server:loop()
end

---The same for a parent that reads the first line: an error goes there, too.
---@param file string of the options, as JSON
function process.obey(file)
  local opened = assert(io.open(file))
  local given = json.decode(opened:read "*a")
  opened:close()
  local ran, why = pcall(process.run, given, true)
  if ran then return end
  io.write(json.encode { error = why }, "\n")
  os.exit(1)
end

return process
