-- Clients for deletes in Neovim: each delete has one, so that it can be ended when Neovim is
-- left. The command has one for all its deletes, so that the quota holds over them together.

local inherits = require "geelark.inherits"

-- Those that the core looks at when it makes a client (src/lib/settings.c).
local VARIABLES = { "GEELARK_TOKEN", "GEELARK_APP_ID", "GEELARK_API_KEY", "GEELARK_BASE_URL",
  "GEELARK_CA_FILE", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy",
  "NO_PROXY" }

-- Options whose functions a step calls.
local CALLED = { "on_progress", "on_event", "limiter", "transport", "clock" }

local calling = setmetatable({}, { __mode = "k" }) -- by client made here: whether its options do
local chosen = {} -- the options of the command
local shared, environment -- its options with the client, and what that was made from

local clients = {}

--- Whether a step of the job may call functions of the caller's. Of a client that somebody else has
--- made nobody knows.
---@param options any
---@return boolean
function clients.call_back(options)
  if type(options) ~= "table" then return false end
  for _, name in ipairs(CALLED) do
    if options[name] ~= nil then return true end
  end
  return options.client ~= nil and calling[options.client] ~= false
end

--- Options with a client of their own; without one where none can be made: starting a job
--- then says why.
---@param options any
---@return any options a copy where they are a table
function clients.with_own(options)
  if options == nil then options = {} end
  if type(options) ~= "table" or inherits(options) then return options end
  local core = require "geelark.core"
  local of_client, of_job, all = {}, {}, {}
  for name, value in pairs(options) do
    local part = core.client_options[name] and of_client or of_job
    part[name], all[name] = value, value
  end
  if options.client ~= nil then return all end
  local made, client = pcall(core.new, of_client)
  if not made or not client then return all end
  of_job.client, calling[client] = client, clients.call_back(of_client)
  return of_job
end

---@param options geelark.Options those of the command from now on
function clients.setup(options)
  if type(options) ~= "table" then
    error("bad argument to 'setup' (table expected, got " .. type(options) .. ")", 3)
  end
  if inherits(options) then
    error("bad argument to 'setup' (plain table of options expected, got an object with __index)",
      3)
  end
  chosen, shared = options, nil
end

---@param stop boolean|nil whether this delete stops phones that run, whatever setup says
---@return geelark.LoopOptions options of the command, with its client where one can be made
function clients.shared(stop)
  local values = {}
  for i, name in ipairs(VARIABLES) do values[i] = os.getenv(name) or "" end
  local now = table.concat(values, "\0")
  if not (shared and shared.client) or environment ~= now then
    shared, environment = clients.with_own(chosen), now
  end
  if not stop then return shared end
  local options = { stop_started = true }
  for name, value in pairs(shared) do options[name] = options[name] or value end
  return options
end

--- Checks ids and the command's options and credentials; nothing is sent.
---@param ids string[]
---@return string|nil why a delete could not even start
function clients.flaw(ids)
  local options, dry = clients.shared(), {}
  for name, value in pairs(options) do dry[name] = value end
  dry.client, dry.dry_run = nil, true
  local core = require "geelark.core"
  local started, job = pcall(core.starter "setup: %s", options.client, ids, dry)
  if not started then return tostring(job) end
  while not job:step() do end -- a dry run waits for nothing
  local _, err = job:result()
  return err and require("geelark.account").cause(err)
end

---@return string credentials where they come from, never what they are
---@return string base_url
---@return boolean stops whether setup wants phones stopped that run
function clients.describe()
  local origin = require "geelark.environment"
  local credentials = chosen.client and "those of the client given to setup"
    or origin.credentials(chosen)
  return credentials, origin.base_url(chosen), chosen.stop_started == true
end

return clients
