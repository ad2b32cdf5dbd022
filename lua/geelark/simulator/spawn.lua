-- Starts the simulator as a process of its own, for scripts that block, and asks it. Orders go
-- to it through its standard input, answers come back through a FIFO; it ends with its input, and
-- so with this process, however that dies.

local callable = require "geelark.callable"
local need = require "geelark.simulator.need"
local options = require "geelark.simulator.options"
local phones = require "geelark.simulator.phones"
local plans = require "geelark.simulator.plan"
local cjson = need("cjson", "lua-cjson")

local json = cjson.new()
json.encode_sparse_array(true)
json.encode_invalid_numbers(true) -- `times = math.huge`

-- Where modules are found is said here and not by LUA_PATH, over which LUA_PATH_5_4 would go.
local LAUNCH = 'package.path, package.cpath = %q, %q '
  .. 'require("geelark.simulator.http.process").obey(%q)'

-- Ctrl-C reaches all that runs in a terminal. Whether the simulator ends is the caller's affair.
local THROUGH_CTRL_C = "trap '' INT; "

---@class geelark.simulator.Process
---@field url string base URL
---@field token string|nil that it accepts
---@field app_id string|nil
---@field api_key string|nil
---@field ca_file string|nil PEM file of the certificate that it made for itself
local Process = {}
Process.__index = Process

-- What JSON brings as doubles, in integers where Lua has them.
local function whole(value)
  if type(value) == "table" then
    for key, item in pairs(value) do value[key] = whole(item) end
  elseif type(value) == "number" and value % 1 == 0 then
    return math.floor(value)
  end
  return value
end

-- Sends one order and returns what is answered. Whatever is no table goes in a list of one.
local function order(self, name, argument)
  if not self.input then error("the simulator was stopped", 3) end
  self.input:write(argument == nil and name or name .. " " .. json.encode(argument), "\n")
  self.input:flush()
  local line = self.output:read "*l"
  if not line then error("the simulator died; its standard error says why", 3) end
  local answer = json.decode(line)
  if answer.error then error("simulator: " .. answer.error, 3) end
  return whole(answer.result)
end

---The ids of its phones, in order, also of those that are gone or never were there.
---@return string[]
function Process:ids()
  return order(self, "ids")
end

---Options for `geelark.delete` and the like, so that they ask this process.
---@param more geelark.Options|nil options that are put with them
---@return geelark.Options options a new table
function Process:options(more)
  local made = { base_url = self.url, token = self.token, app_id = self.app_id,
    api_key = self.api_key, ca_file = self.ca_file }
  for name, value in pairs(more or {}) do made[name] = value end
  return made
end

---@param id string
---@return geelark.simulator.State|"deleted"|nil state nil where there never was such a phone
function Process:state(id)
  return order(self, "state", { id })
end

---Puts a phone into a state, or makes it.
---@param id string
---@param state geelark.simulator.State|"missing" "missing" takes it away
function Process:set(id, state)
  order(self, "set", { id, state })
end

---What was asked: an entry for each request, in the order in which they came.
---@return geelark.simulator.Record[]
function Process:requests()
  return order(self, "requests")
end

---The whole world, with the connections that there are.
---@return geelark.simulator.ServerState
function Process:world()
  return order(self, "world")
end

-- A function can't go to another process.
local function check_plan(plan)
  if callable(plan) then
    error("plan: a function can't go to another process; give its source as a string, "
      .. "\"return function(request) ... end\"", 0)
  end
  plans.new(plan)
end

---Sets another plan of faults; its first entry is for the next request.
---@param plan geelark.simulator.Fault[]|string a list, or Lua source that returns a list or a
---  function
function Process:plan(plan)
  local sound, why = pcall(check_plan, plan)
  if not sound then error(why, 2) end
  order(self, "plan", { plan })
end

---Ends the process; it is gone on return. May be called again.
function Process:stop()
  if not self.input then return end
  self.input:write "stop\n"
  self.input:close()
  self.output:close()
  self.input, self.output = nil, nil
end

local function quote(word)
  return "'" .. word:gsub("'", "'\\''") .. "'"
end

-- The interpreter that runs this process, or where a host without one runs it (Neovim, OpenResty)
-- the interpreter of the same Lua.
local function interpreter()
  local arguments, first = rawget(_G, "arg") or {}, 0
  while arguments[first - 1] do first = first - 1 end
  local command = first < 0 and arguments[first] or ""
  if command:match "[^/]*$":find "^lua" then return command end
  return rawget(_G, "jit") and "luajit" or "lua" .. _VERSION:match "%d%.%d"
end

local function output_of(command)
  local pipe = assert(io.popen(command))
  local line = pipe:read "*l"
  pipe:close()
  return line
end

-- Starts the process between two pipes. `cat` stands between the FIFO and this process:
-- the two openings of the FIFO then wait for each other alone, its end means that the
-- simulator has died, and the simulator itself holds no end that it writes to. A second `cat` takes
-- what is written to a simulator that has died: else SIGPIPE would end this process.
local function launch(directory, given)
  local fifo, settings = quote(directory .. "/answers"), directory .. "/options.json"
  local file = assert(io.open(settings, "w"))
  file:write(json.encode(given))
  file:close()
  local output = assert(io.popen(THROUGH_CTRL_C .. "exec cat " .. fifo))
  local source = LAUNCH:format(package.path, package.cpath, settings)
  local command = ("%s -e %s >%s; exec cat >/dev/null")
    :format(quote(given.lua or interpreter()), quote(source), fifo)
  return assert(io.popen(THROUGH_CTRL_C .. command, "w")), output
end

---Starts a simulator and returns when it listens. Raises where an option is wrong, or where it
---can't listen.
---@param given geelark.simulator.Options|nil `plan` as a list or source
---@return geelark.simulator.Process
return function(given)
  local settings = options.read(given)
  check_plan(settings.plan)
  phones.new(settings)
  local directory = output_of 'd=$(mktemp -d) && mkfifo "$d/answers" && echo "$d"'
  local input, output = launch(directory, given or {})
  local line = output:read "*l"
  output_of("rm -rf " .. quote(directory))
  local ready = line and json.decode(line) or { error = "its standard error says why" }
  if ready.error then
    input:close()
    output:close()
    error("the simulator did not start: " .. ready.error, 0)
  end
  return setmetatable({ url = ready.url, ca_file = ready.ca_file, token = settings.token,
    app_id = settings.app_id, api_key = settings.api_key, input = input, output = output }, Process)
end
