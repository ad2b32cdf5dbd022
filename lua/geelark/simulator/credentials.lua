-- Who may call: both verifications of the service, checked for real. No I/O; the time is
-- an argument. A traceId may look as it likes, since the service takes any that isn't empty. It is
-- remembered, because each request should bring a fresh one.
--
-- A digest is needed for signatures alone, and loaded where they are agreed upon.

local need = require "geelark.simulator.need"

local NO_TRACE_ID, REFUSED = 40002, 40003

---@class geelark.simulator.Credentials
---@field token string|nil
---@field app_id string|nil
---@field api_key string|nil
---@field tolerance number|false seconds that `ts` may be off; false: any number
---@field accepts_repeats boolean|nil whether a traceId may come again
---@field seen table<string, boolean> traceIds of earlier requests
local Credentials = {}
Credentials.__index = Credentials

local function digests()
  return need("openssl.digest", "lua-luaossl")
end

local function hex(bytes)
  return (bytes:gsub(".", function(byte) return ("%02X"):format(byte:byte()) end))
end

---The signature of key verification: uppercase hexadecimal SHA-256.
---@param app_id string
---@param trace_id string
---@param ts string milliseconds since the epoch, in digits
---@param nonce string
---@param api_key string
---@return string
local function sign(app_id, trace_id, ts, nonce, api_key)
  return hex(digests().new("sha256"):final(app_id .. trace_id .. ts .. nonce .. api_key))
end

local function token_refusal(self, authorization)
  if not self.token or authorization ~= "Bearer " .. self.token then
    return "token refused"
  end
end

local function key_refusal(self, headers, now)
  local trace_id, ts, nonce = headers.traceid, headers.ts or "", headers.nonce
  if not self.app_id or headers.appid ~= self.app_id then return "appId refused" end
  if not ts:find "^%d+$" then return "ts is no number of milliseconds" end
  if self.tolerance and math.abs(tonumber(ts) / 1000 - now) > self.tolerance then
    return "ts is not near the present"
  end
  if nonce ~= trace_id:sub(1, 6) then return "nonce is not the start of traceId" end
  if headers.sign ~= sign(self.app_id, trace_id, ts, nonce, self.api_key) then
    return "signature refused"
  end
end

---Says why a request is refused, and uses up its traceId.
---@param headers table<string, string> names in lower case
---@param now number seconds since the epoch
---@return integer|nil code nil where the request may pass
---@return string|nil why
function Credentials:refusal(headers, now)
  local trace_id = headers.traceid
  if not trace_id or trace_id == "" then return NO_TRACE_ID, "traceId missing" end
  if self.seen[trace_id] and not self.accepts_repeats then
    return REFUSED, "traceId was used before"
  end
  self.seen[trace_id] = true
  local why
  if headers.authorization then
    why = token_refusal(self, headers.authorization)
  else
    why = key_refusal(self, headers, now)
  end
  if why then return REFUSED, why end
end

local credentials = { sign = sign }

---@param settings geelark.simulator.Options token, app_id and api_key: what is accepted;
---  clock_tolerance, accept_repeated_trace_ids
---@return geelark.simulator.Credentials
function credentials.new(settings)
  if settings.app_id then digests() end -- a missing one is told at once
  return setmetatable({
    token = settings.token,
    app_id = settings.app_id,
    api_key = settings.api_key,
    tolerance = settings.clock_tolerance,
    accepts_repeats = settings.accept_repeated_trace_ids,
    seen = {},
  }, Credentials)
end

return credentials
