-- The clients of a worker. All its requests that call with the same credentials and addresses
-- share one: its connections and its quota. It is made in the worker, after the fork.

local core = require "geelark.core"
local shared_quota = require "geelark.loop.ngx.quota"

local UNUSED = 3600 -- seconds; after that a client's quota has nothing to remember

local clients = {} -- by key: { client =, options =, used = seconds }

local key_options = { "shared_dict" }
for name in pairs(core.client_options) do key_options[#key_options + 1] = name end
table.sort(key_options)

-- What tells one client from another. Tables and functions go by their address: the entry
-- keeps them, so that no other one can get it. A shared quota has one concurrency.
local function key_of(options)
  local values = { options.shared_dict and tostring(options.concurrency) or "" }
  for _, name in ipairs(key_options) do
    local value = tostring(options[name])
    values[#values + 1] = type(options[name]) .. #value .. ":" .. value
  end
  return table.concat(values)
end

-- Jobs that are still under way keep their client.
local function forget_unused(now)
  for key, entry in pairs(clients) do
    if now - entry.used > UNUSED then clients[key] = nil end
  end
end

-- The client for these options; nil where none can be made.
local function client_of(options)
  local key, now = key_of(options), core.now()
  if not clients[key] then
    local own = {}
    for name in pairs(core.client_options) do own[name] = options[name] end
    if options.shared_dict then own.limiter = shared_quota(options) end
    local made, client = pcall(core.new, own)
    if not made or not client then return nil end
    forget_unused(now)
    clients[key] = { client = client, options = own }
  end
  clients[key].used = now
  return clients[key].client
end

---A copy of the options with the worker's client in it. Without one where none can be made: the
---job then says why.
---@param options geelark.NgxOptions
---@return geelark.LoopOptions
return function(options)
  local own = {}
  for name, value in pairs(options) do own[name] = value end
  own.shared_dict = nil
  if options.shared_dict and options.client then
    error("shared_dict: belongs to the client, as its limiter", 0)
  end
  if options.shared_dict and options.limiter then
    error("shared_dict: there is a limiter already", 0)
  end
  if options.client then return own end
  own.client = client_of(options)
  for name in pairs(own.client and core.client_options or {}) do own[name] = nil end
  return own
end
