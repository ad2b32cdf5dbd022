-- Jobs in OpenResty, or nginx with its Lua module. `delete` looks synchronous and yields.
--
-- All jobs of a worker are stepped by one light thread in a timer's context, which outlives the
-- requests: a client that goes away stops nothing half-way. nginx can't watch a foreign
-- descriptor, so that a bell does it (bell.lua).

local semaphore = require "ngx.semaphore"
local bells = require "geelark.loop.ngx.bell"
local start = require "geelark.loop.start"
local with_client = require "geelark.loop.ngx.client"

---@class geelark.NgxOptions: geelark.LoopOptions
---@field shared_dict? string|table # a lua_shared_dict, or its name, that holds the quota of all workers together

local LONGEST = 60 -- seconds; one more turn then does no harm

-- Where a handler may wait.
local WAITS = { rewrite = true, access = true, content = true, timer = true, preread = true,
  ssl_cert = true, server_rewrite = true }

local under_way = {}  -- set of { job =, fd =, over = semaphore, trouble = any }
local driving, bell   -- whether the light thread runs, and what wakes it

local function finish(entry, trouble)
  under_way[entry] = nil
  entry.trouble = trouble
  entry.over:post()
end

-- Steps every job; returns the seconds until one has to be stepped again.
local function turn()
  local wait = LONGEST
  for entry in pairs(under_way) do
    local stepped, done = pcall(entry.job.step, entry.job)
    if done then
      bell:forget(entry.fd)
      finish(entry, not stepped and done or nil)
    else
      entry.fd = entry.fd or bell:watch(entry.job)
      wait = math.min(wait, entry.job:timeout() or wait)
    end
  end
  return wait
end

-- Goes on until nothing is under way, also in a worker that is shutting down.
local function drive()
  bell = bells.hang()
  local driven, trouble = pcall(function()
    local wait = turn()
    while next(under_way) do
      bell:wait(wait)
      wait = turn()
    end
  end)
  bell:close()
  driving, bell = false, nil
  if driven then return end
  for entry in pairs(under_way) do finish(entry, trouble) end
end

local function wake()
  if bell then bell:ring() end
  if driving then return true end
  local why
  driving, why = ngx.timer.at(0, drive)
  return driving, why
end

local ngx_loop = {}

--- Deletes phones and yields to the worker's other requests meanwhile. All calls in a worker
--- with the same credentials and addresses share one client. Callbacks run in a timer's
--- context, and go on when the request has ended.
---@param ids any as geelark.delete takes them
---@param options? geelark.NgxOptions
---@return geelark.Result|nil result
---@return geelark.Error|nil err raises for wrong arguments, and in phases that can't yield
function ngx_loop.delete(ids, options)
  local phase = ngx.get_phase()
  if not WAITS[phase] then error("geelark can't wait in the phase " .. phase, 2) end
  local entry = { job = start(ids, options, with_client), over = semaphore.new() }
  under_way[entry] = true
  local driven, why = wake()
  if not driven then
    under_way[entry] = nil -- nothing was sent
    error("nginx gives no timer to run the job in: " .. why, 2)
  end
  repeat until entry.over:wait(LONGEST)
  if entry.trouble then error(entry.trouble, 0) end
  return entry.job:result()
end

return ngx_loop
