-- The light thread of a worker. Lua in nginx can't watch the descriptor of a job. So one light
-- thread steps all jobs of the worker, every 5 ms while a request is in flight, else when a job's
-- time has come. It runs in the context of a timer, which outlives the handlers: one that is killed
-- stops no job half-way. What its handler can't be told any more goes to error.log.

local account = require "geelark.loop.ngx.account"
local semaphore = require "ngx.semaphore"

-- Seconds.
local IN_FLIGHT = 0.005    -- between two steps of a job while a request is in flight
local LONGEST = 1          -- the longest wait of the light thread, and of those who wait for it
local SHORTEST = 0.001     -- the shortest wait that nginx knows
local SLICE = 0.001        -- so long jobs are stepped before other requests have their turn
local OVERDUE = 3          -- a light thread that is so late has died

---@class geelark.NgxEntry a job and who waits for it
---@field over table semaphore, posted once, when the job has ended
---@field job geelark.Job|nil until then
---@field result geelark.Result|nil then
---@field err geelark.Error|nil then
---@field trouble any what a step raised
---@field read boolean|nil whether its handler has them

local under_way = {} -- set of entries
local unread = {}    -- set of entries that have ended, until their handlers have what came of them
local current        -- the thread in charge: { due = seconds, news = semaphore }
local stepping       -- whether a job is being stepped: a callback of its may be what calls

-- Returns whether the job is done, or else the seconds until it must be stepped again. Taking
-- the result closes what the job holds, though nobody may be left to read it.
local function step(entry)
  local job = entry.job
  if job:step() then
    entry.result, entry.err = job:result()
    return true
  end
  if job:progress().inFlight > 0 then return false, IN_FLIGHT end
  return false, job:timeout()
end

-- Returns the seconds until the job must be stepped again; nil where it has ended.
local function step_entry(entry)
  stepping = true
  local stepped, done, wait = pcall(step, entry)
  stepping = false
  if stepped and not done then return wait or LONGEST end
  if not stepped then entry.trouble = done end
  entry.job = nil
  under_way[entry], unread[entry] = nil, true
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

-- Each handler that is still alive goes on while this sleeps, before the timer's next event: who
-- hasn't read the account then was killed.
local function log_unread()
  if not next(unread) then return end
  local ended = unread
  unread = {}
  ngx.sleep(SHORTEST)
  for entry in pairs(ended) do
    if not entry.read then
      ngx.log(ngx.ERR, "geelark: the handler that deleted is gone: ",
        entry.trouble and account.trouble(entry.trouble) or account.line(entry.result, entry.err))
    end
  end
end

-- Goes on until nothing is under way, also in a worker that is shutting down.
local function drive(_, self)
  while current == self do
    local wait = step_all()
    log_unread()
    if not next(under_way) then break end
    self.due = ngx.now() + wait
    self.news:wait(wait)
  end
  if current == self then current = nil end
end

-- Starts the light thread where there is none or it has died without a word: nginx drops the
-- timer's function where too many are running, and ends it where a callback called ngx.exit.
-- Returns nil and why where nginx gives no timer.
local function have_thread()
  local now = ngx.now()
  if current and now < current.due + OVERDUE then return true end
  local new = { due = now, news = semaphore.new() }
  local armed, why = ngx.timer.at(0, drive, new)
  if armed then current = new end
  return armed, why
end

local function wait_for(entry)
  while not entry.over:wait(LONGEST) do have_thread() end
end

local thread = {}

---@return boolean # whether what calls is a callback of a job
function thread.is_stepping() return stepping end

---Yields until the job is done; raises what a step raised.
---@param entry geelark.NgxEntry
function thread.run(entry)
  local running, why = have_thread()
  if not running then error("nginx gives no timer to run the job in: " .. why, 3) end
  under_way[entry] = true
  if current.news:count() < 1 then current.news:post() end
  local waited, trouble = pcall(wait_for, entry)
  entry.read = true
  if not waited then under_way[entry] = nil end -- nobody can wait here: nothing was sent yet
  trouble = trouble or entry.trouble
  if trouble then error(trouble, 0) end
end

return thread
