-- The options of the simulator, the same for all three ways to run it: names, types, defaults.

local check = require "geelark.simulator.check"
local phones = require "geelark.simulator.phones"

---@class geelark.simulator.Options
---@field phones integer|string[]|table<string, geelark.simulator.State>|nil how many (with the
---  ids of `simulator.ids(n)`), or the ids of stopped ones, or each id's state; default 0
---@field states table<string, integer>|nil with a number of phones: how many of them are in
---  which other state, spread evenly; "missing" ones have an id and no phone
---@field stop_seconds number|nil until a stop takes effect; default 30
---@field start_seconds number|nil until a start does; default 30
---@field token string|nil the bearer token that is accepted; default "simulator", where there
---  is no app_id either
---@field app_id string|nil with `api_key`: the pair that is accepted; needs luaossl
---@field api_key string|nil
---@field requests_per_minute integer|false|nil for each path; default 200, false: no limit
---@field requests_per_hour integer|false|nil for each path; default 24000
---@field minute number|nil length of the service's minute in seconds; default 60
---@field max_in_flight integer|nil more at once are refused with 40017; default: none is
---@field bad_ids string[]|nil ids for whose sake a whole request is refused with 40004
---@field batch_codes boolean|nil whether 40006 and 40009 stand on the envelope of a batch that
---  failed in part or whole; default false: 0 stands there whatever failed
---@field plan geelark.simulator.Fault[]|geelark.simulator.PlanFunction|string|nil what goes wrong
---@field log boolean|nil whether a line for each request is written to standard error
---@field clock_tolerance number|false|nil seconds that `ts` may be off; default 300 (a guess,
---  like all that follow: nobody knows what the service says), false: whatever it is
---@field accept_repeated_trace_ids boolean|nil default false: 40003
---@field accept_any_content_type boolean|nil default false: 40001
---@field accept_any_amount boolean|nil more ids than a call takes; default false: 40004
---@field accept_repeated_ids boolean|nil default false: 40004
---@field host string|nil loopback address to listen on; default "127.0.0.1"
---@field port integer|nil to listen on; default: a free one
---@field tls boolean|{ certificate: string, key: string }|nil HTTPS with these, PEM texts; true:
---  with a certificate that it makes; needs luaossl
---@field lua string|nil of `spawn`: the interpreter that runs it; default: the caller's

local TYPES = {
  phones = "number|table", states = "table", stop_seconds = "number", start_seconds = "number",
  token = "string", app_id = "string", api_key = "string",
  requests_per_minute = "number|boolean", requests_per_hour = "number|boolean",
  minute = "number", max_in_flight = "number", bad_ids = "table", batch_codes = "boolean",
  plan = "function|table|string", log = "boolean", clock_tolerance = "number|boolean",
  accept_repeated_trace_ids = "boolean", accept_any_content_type = "boolean",
  accept_any_amount = "boolean", accept_repeated_ids = "boolean",
  host = "string", port = "number", tls = "boolean|table", lua = "string",
}
local DEFAULTS = {
  phones = 0, stop_seconds = 30, start_seconds = 30, minute = 60, requests_per_minute = 200,
  requests_per_hour = 24000, clock_tolerance = 300, host = "127.0.0.1", port = 0,
}
local LEAST = {
  phones = 0, stop_seconds = 0, start_seconds = 0, requests_per_minute = 1,
  requests_per_hour = 1, minute = 1e-3, max_in_flight = 1, clock_tolerance = 0, port = 0,
}
local MOST = { phones = phones.MOST, port = 65535 }
local WHOLE = { phones = true, requests_per_minute = true, requests_per_hour = true,
  max_in_flight = true, port = true }
local LOOPBACK = { ["127.0.0.1"] = true, ["::1"] = true, ["localhost"] = true }

-- Who gives no credentials of their own uses this token. It is no secret.
local TOKEN = "simulator"

local function check_number(name, value)
  local least, most = LEAST[name], MOST[name]
  local in_range = value >= least and value <= (most or 1e15)
  if in_range and not (WHOLE[name] and value % 1 ~= 0) then return end
  error(("%s: %s from %g %s expected, got %s"):format(name, WHOLE[name] and "integer" or "number",
    least, most and ("to %d"):format(most) or "on", tostring(value)), 0)
end

-- A boolean where a number stands can only be `false`: none.
local function check_values(settings)
  for name in pairs(LEAST) do
    local value = settings[name]
    if type(value) == "number" then check_number(name, value) end
    if value == true then error(name .. ": number or false expected, got true", 0) end
  end
  if (settings.app_id == nil) ~= (settings.api_key == nil) then
    error("app_id and api_key go together", 0)
  end
  if settings.bad_ids then check.strings("bad_ids", settings.bad_ids) end
  if not LOOPBACK[settings.host] then
    error("host: loopback address expected, got " .. settings.host, 0)
  end
  if type(settings.tls) == "table" then
    check.table("tls", settings.tls, { certificate = "string", key = "string" })
    if not (settings.tls.certificate and settings.tls.key) then
      error("tls: certificate and key go together", 0)
    end
  end
end

local options = {}

---All options, checked, with their defaults.
---@param given geelark.simulator.Options|nil
---@return geelark.simulator.Options settings a table of its own; raises where one is wrong
function options.read(given)
  local settings = {}
  check.table("", given or {}, TYPES)
  for name, value in pairs(DEFAULTS) do settings[name] = value end
  for name, value in pairs(given or {}) do settings[name] = value end
  check_values(settings)
  for name in pairs(WHOLE) do -- an option that came as JSON is a double
    if type(settings[name]) == "number" then settings[name] = math.floor(settings[name]) end
  end
  if not settings.token and not settings.app_id then settings.token = TOKEN end
  return settings
end

return options
