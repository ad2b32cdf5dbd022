-- Jobs in OpenResty, or nginx with its Lua module. `delete` looks synchronous and yields.
--
-- Lua in nginx can't watch the descriptor of a job. So one light thread a worker steps all its
-- jobs, every 5 ms while a request is in flight, else when a job's time has come. It runs in
-- the context of a timer, which outlives the handlers: one that is killed stops no job half-way.

local callable = require "geelark.callable"
local core = require "geelark.core"
local semaphore = require "ngx.semaphore"
local shared_quota = require "geelark.loop.ngx.quota"
local start = require "geelark.loop.start"

-- Seconds.
local IN_FLIGHT = 0.005    -- between two steps of a job while a request is in flight
local LONGEST = 1          -- the longest wait of the light thread, and of those who wait for it
local SHORTEST = 0.001     -- the shortest wait that nginx knows
local SLICE = 0.001        -- so long jobs are stepped before other requests have their turn
local OVERDUE = 3          -- a light thread that is so late has died
local CLIENT_UNUSED = 3600 -- after that a client's quota has nothing to remember

---@class geelark.NgxOptions: geelark.LoopOptions
---@field shared_dict? string|table # a lua_shared_dict, or its name, that holds the quota of all workers together

-- The clients of a worker ----------------------------------------------------------------

-- All requests of a worker that call with the same credentials and addresses share one client:
-- its connections and its quota. It is made in the worker, after the fork.
local clients = {} -- by key: { client =, options =, used = seconds }

local key_options = { "shared_dict" }
for name in pairs(core.client_options) do key_options[#key_options + 1] = name end
table.sort(key_options)

-- What tells one client from another. Tables and functions go by their address: the entry
-- keeps them, so that no other one can get it.
local function key_of(options)
  local values = {}
  for i, name in ipairs(key_options) do
    local value = tostring(options[name])
    values[i] = type(options[name]) .. #value .. ":" .. value
  end
  return table.concat(values)
end

-- Jobs that are still under way keep their client.
local function forget_unused(now)
  for key, entry in pairs(clients) do
    if now - entry.used > CLIENT_UNUSED then clients[key] = nil end
  end
end

-- The client for these options; nil where none can be made.
local function client_of(options)
  local key, now = key_of(options), ngx.now()
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

-- A copy of the options with the worker's client in it. Without one where none can be made: the
-- job then says why.
local function with_client(options)
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

-- The light thread of a worker -----------------------------------------------------------

local under_way = {} -- set of { job =, over = semaphore, trouble = any }
local thread         -- the one in charge: { due = seconds, news = semaphore }
local stepping       -- whether a job is being stepped: a callback of its may be what calls

-- Returns whether the job is done, or else the seconds until it must be stepped again.
local function step(job)
  if job:step() then return true end
  if job:progress().inFlight > 0 then return false, IN_FLIGHT end
  return false, job:timeout()
end

-- Returns the seconds until the job must be stepped again; nil where it has ended.
local function step_entry(entry)
  stepping = true
  local stepped, done, wait = pcall(step, entry.job)
  stepping = false
  if stepped and not done then return wait or LONGEST end
  if not stepped then entry.trouble = done end
  under_way[entry] = nil
  entry.over:post()
end

local function time()
  ngx.update_time()
  return ngx.now()
end

-- Returns the seconds until a job must be stepped again.
local function step_all()
  local entries, soonest, from = {}, LONGEST, time()
  for entry in pairs(under_way) do entries[#entries + 1] = entry end
  for _, entry in ipairs(entries) do
    if time() - from >= SLICE then
      ngx.sleep(SHORTEST)
      from = time()
    end
    soonest = math.min(soonest, step_entry(entry) or soonest)
  end
  return math.max(soonest, SHORTEST)
end

-- Goes on until nothing is under way, also in a worker that is shutting down.
local function drive(_, self)
  while thread == self do
    local wait = step_all()
    if not next(under_way) then break end
    self.due = ngx.now() + wait
    self.news:wait(wait)
  end
  if thread == self then thread = nil end
end

-- Starts the light thread where there is none or it has died without a word: nginx drops the
-- timer's function where too many are running, and ends it where a callback called ngx.exit.
-- Returns nil and why where nginx gives no timer.
local function have_thread()
  local now = ngx.now()
  if thread and now < thread.due + OVERDUE then return true end
  local new = { due = now, news = semaphore.new() }
  local armed, why = ngx.timer.at(0, drive, new)
  if armed then thread = new end
  return armed, why
end

local function wait_for(entry)
  while not entry.over:wait(LONGEST) do have_thread() end
end

-- Yields until the job is done.
local function run(job, over)
  local running, why = have_thread()
  if not running then error("nginx gives no timer to run the job in: " .. why, 3) end
  local entry = { job = job, over = over }
  under_way[entry] = true
  if thread.news:count() < 1 then thread.news:post() end
  local waited, trouble = pcall(wait_for, entry)
  if not waited then under_way[entry] = nil end -- nobody can wait here: nothing was sent yet
  trouble = trouble or entry.trouble
  if trouble then error(trouble, 0) end
end

-- Deleting -------------------------------------------------------------------------------

-- Where a handler may wait.
local WAITS = { rewrite = true, access = true, content = true, timer = true, preread = true,
  ssl_cert = true, server_rewrite = true }

-- The variables of a callback live on the stack of the handler that waits. Where that was
-- killed nginx gives the stack to another request: the callback must not be called any more.
local function while_waiting(over, callback)
  if not callable(callback) then return callback end
  return function(...)
    if over:count() < 0 then return callback(...) end
  end
end

local ngx_loop = {}

--- Deletes phones and yields to the worker's other requests meanwhile. All calls in a worker
--- with the same credentials and addresses share one client. Callbacks run in a timer's
--- context. Where the handler is killed the job goes on to its end, without callbacks. The
--- functions of limiter, clock and transport stay with the client: make them in a module.
---@param ids any as geelark.delete takes them
---@param options? geelark.NgxOptions
---@return geelark.Result|nil result
---@return geelark.Error|nil err raises for wrong arguments, and in phases that can't yield
function ngx_loop.delete(ids, options)
  local phase = ngx.get_phase()
  if not WAITS[phase] then error("geelark can't wait in the phase " .. phase, 2) end
  if stepping then error("geelark can't wait in a callback of a job", 2) end
  local over = semaphore.new()
  local job = start(ids, options, function(given)
    local own = with_client(given)
    own.on_progress = while_waiting(over, given.on_progress)
    own.on_event = while_waiting(over, given.on_event)
    return own
  end)
  run(job, over)
  return job:result()
end

return ngx_loop
