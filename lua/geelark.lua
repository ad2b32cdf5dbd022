-- geelark: deletes GeeLark cloud phones, any number of them, and accounts for every id.
-- The work is done by geelark.core, in C; this is what a script sees of it.

local core = require "geelark.core"
local codes = require "geelark.codes"
local failures = require "geelark.failures"

---@class geelark.Options
---@field token? string            # bearer token; default: GEELARK_TOKEN
---@field app_id? string           # key verification; default: GEELARK_APP_ID
---@field api_key? string          # key verification; default: GEELARK_API_KEY
---@field base_url? string         # https://, or http:// to loopback; default: GEELARK_BASE_URL, else the service's
---@field ca_file? string          # PEM file of certificate authorities; default: GEELARK_CA_FILE, else the system's
---@field proxy? string            # proxy URL; default: the usual environment variables
---@field chunk_size? integer      # ids a request, 1 to 100; default 100
---@field concurrency? integer     # requests in flight at once, 1 to 64; default 2
---@field timeout? number          # seconds for one request; default 60
---@field connect_timeout? number  # seconds for connecting; default 10
---@field attempts? integer        # tries for one chunk; default 4
---@field deadline? number         # seconds for the whole job; default none
---@field requests_per_minute? integer|false # default 200; false lifts it
---@field requests_per_hour? integer|false   # default 24000; false lifts it
---@field dry_run? boolean         # checks everything, sends nothing
---@field on_progress? fun(progress: geelark.Progress) # after every settled chunk
---@field on_event? fun(event: table)  # before a request leaves and after a chunk settled
---@field limiter? { take: (fun(seconds: number): any, number?), give: fun(token: any) } # see README
---@field transport? fun(request: geelark.Request): integer?, string?, table? # in the network's place
---@field clock? { now?: fun(): number, sleep?: fun(seconds: number), seed?: number } # in time's place

---@class geelark.Result
---@field totalAmount integer      # distinct ids
---@field successAmount integer    # deleted, presumed ones included
---@field failAmount integer
---@field failDetails geelark.Failure[] # in the caller's order
---@field duplicateAmount integer  # ids given more than once, the extra ones
---@field presumedIds (string|integer)[] # successes that rest on "it doesn't exist" after a lost answer
---@field unknownIds (string|integer)[]  # sent, no reliable answer
---@field pendingIds (string|integer)[]  # not processed
---@field requests geelark.Account[] # one for each chunk, in the order of settling

---@class geelark.Account
---@field traceId string      # of the last request
---@field amount integer      # ids in the chunk
---@field attempts integer    # requests sent for it
---@field code? integer       # of the last answer's envelope
---@field httpStatus? integer # of the last answer
---@field seconds number      # from its first request until it settled
---@field halved? boolean     # it was halved because of one bad id

---@alias geelark.Kind
---| "config"|"auth"|"quota"|"locked"|"refused"|"network"|"tls"|"timeout"
---| "server"|"protocol"|"deadline"|"cancelled"|"callback"

---@class geelark.Error
---@field kind geelark.Kind
---@field message string
---@field code? integer       # of the envelope that decided
---@field traceId? string
---@field httpStatus? integer
---@field retryAfter? number  # seconds
---@field result geelark.Result

---@class geelark.Progress
---@field totalAmount integer
---@field successAmount integer
---@field failAmount integer
---@field unknownAmount integer
---@field pendingAmount integer
---@field inFlight integer    # requests
---@field seconds number      # since the start
---@field waiting number      # seconds until the quota allows the next request

---@class geelark.Request
---@field path string
---@field headers table<string, string>
---@field body string
---@field ids (string|integer)[]
---@field traceId string
---@field answer fun(self, status: integer, body?: string, headers?: table): boolean # false: too late
---@field fail fun(self, reason?: string, sent?: boolean): boolean # false: too late

---@class geelark.Client
---@field delete fun(self, ids: any, options?: geelark.Options): geelark.Result?, geelark.Error?
---@field start fun(self, ids: any, options?: geelark.Options): geelark.Job
---@field close fun(self)

---@class geelark.Job
---@field step fun(self, seconds?: number): boolean  # does what can be done now; done?
---@field pollfd fun(self): integer?   # readable while there is something to do
---@field events fun(self): "r"
---@field timeout fun(self): number?   # seconds after which step must be called anyway
---@field progress fun(self): geelark.Progress
---@field result fun(self): geelark.Result?, geelark.Error? # once done
---@field cancel fun(self)

local geelark = { _VERSION = "geelark 0.1.0", codes = codes, failures = failures }

--- Deletes phones and blocks until each id is accounted for. Raises for wrong arguments,
--- before anything is sent; whatever else goes wrong comes back as `nil, err`.
---@type fun(ids: (string|integer)[]|(fun(): string|integer|nil), options?: geelark.Options): geelark.Result?, geelark.Error?
geelark.delete = core.delete

--- The same as a job that never blocks, for event loops.
---@type fun(ids: any, options?: geelark.Options): geelark.Job
geelark.start = core.start

--- A client, which keeps connections and the quota across calls.
---@type fun(options?: geelark.Options): geelark.Client?, geelark.Error?
geelark.new = core.new

local function append(list, more)
  for _, id in ipairs(more) do list[#list + 1] = id end
  return list
end

--- The ids that are unknown or pending, in the caller's order: ready for the next call.
---@param result geelark.Result
---@return (string|integer)[]
function geelark.remaining(result)
  if type(result) == "table" and type(result.result) == "table" then result = result.result end
  if type(result) ~= "table" or type(result.unknownIds) ~= "table" then
    error("bad argument #1 to 'remaining' (result expected, got " .. type(result) .. ")", 2)
  end
  -- The core remembers the order; a result that was saved and read again has lost it.
  local ordered = core.remaining[result]
  if ordered then return append({}, ordered) end
  return append(append({}, result.unknownIds), result.pendingIds)
end

--- Drivers for event loops, each loaded when it is first asked for.
geelark.loop = setmetatable({}, {
  __index = function(loops, name)
    local driver = require("geelark.loop." .. name)
    loops[name] = driver
    return driver
  end,
})

return geelark
