-- One client for all requests of a worker that call with the same credentials and addresses:
-- they share its connections and its quota. It is made in the worker, after the fork.

local core = require "geelark.core"
local shared_quota = require "geelark.loop.ngx.quota"

local FORGOTTEN = 3600 -- seconds; so long after its last call a quota has nothing to remember

local names = { "shared_dict" }
for name in pairs(core.client_options) do names[#names + 1] = name end
table.sort(names)

local clients = {} -- by key: { client =, used = seconds, options = }

-- What tells one client from another. Tables and functions go by their address: the entry
-- keeps them, so that no other one can get it.
local function key_of(options)
  local values = {}
  for i, name in ipairs(names) do
    local value = tostring(options[name])
    values[i] = type(options[name]) .. #value .. ":" .. value
  end
  return table.concat(values)
end

-- The options that belong to a client, and the others.
local function divide(options)
  local of_client, of_job = {}, {}
  for name, value in pairs(options) do
    local part = core.client_options[name] and of_client or of_job
    part[name] = value
  end
  of_job.shared_dict = nil
  if options.shared_dict then
    if options.limiter then error("shared_dict: there is a limiter already", 0) end
    of_client.limiter = shared_quota(options)
  end
  return of_client, of_job
end

-- Jobs that are still under way keep their client, whatever this table holds.
local function forget_idle(now)
  for key, entry in pairs(clients) do
    if now - entry.used > FORGOTTEN then clients[key] = nil end
  end
end

---@param options geelark.NgxOptions
---@return geelark.LoopOptions a copy with the worker's client; without one where none can be
---  made: the job then says why
return function(options)
  if options.client then
    if options.shared_dict then error("shared_dict: belongs to the client, as its limiter", 0) end
    local copy = {}
    for name, value in pairs(options) do copy[name] = value end
    return copy
  end
  local of_client, of_job = divide(options)
  local key, now = key_of(options), ngx.now()
  local entry = clients[key]
  if not entry then
    forget_idle(now)
    local client = core.new(of_client)
    if not client then
      for name, value in pairs(of_client) do of_job[name] = value end
      return of_job
    end
    entry = { client = client, options = of_client }
    clients[key] = entry
  end
  entry.used = now
  of_job.client = entry.client
  return of_job
end
