-- The light thread that steps all jobs of a worker, in a timer's context, which outlives the
-- requests. It starts with the first job and ends with the last.

local bells = require "geelark.loop.ngx.bell"
local semaphore = require "ngx.semaphore"

local BEAT = 1       -- seconds; so often the light thread and those who wait for it look around
local SILENCE = 3    -- seconds; a light thread that hasn't looked around for so long is dead
local SLICE = 0.001  -- seconds; so long jobs are stepped before other requests have their turn

local under_way = {} -- set of { job =, over = semaphore, trouble = any }
local driver         -- the light thread in charge: { seen = seconds, bell =, rung = boolean }
local stepping       -- whether a job's callback may be what calls

local function finish(entry, trouble)
  under_way[entry] = nil
  entry.trouble = trouble
  entry.over:post()
end

-- Returns whether the job is done, or else the seconds until it has to be stepped again.
local function step(job, bell)
  if job:step() then
    bell:forget(job)
    return true
  end
  bell:watch(job)
  return false, job:timeout()
end

local function time()
  ngx.update_time()
  return ngx.now()
end

-- Steps every job; returns the seconds until one has to be stepped again.
local function turn(self)
  local entries, soonest, from = {}, BEAT, time()
  for entry in pairs(under_way) do entries[#entries + 1] = entry end
  for _, entry in ipairs(entries) do
    if time() - from >= SLICE then
      self.bell:wait(0)
      from = time()
    end
    stepping = true
    local stepped, done, wait = pcall(step, entry.job, self.bell)
    stepping = false
    if not stepped then finish(entry, done)
    elseif done then finish(entry)
    else soonest = math.min(soonest, wait or soonest) end
  end
  return soonest
end

local function run(self)
  self.bell = bells.hang()
  while driver == self and next(under_way) do
    self.seen, self.rung = ngx.now(), false
    local wait = turn(self)
    if next(under_way) then self.bell:wait(self.rung and 0 or wait) end
  end
end

-- Goes on until nothing is under way, also in a worker that is shutting down.
local function drive(_, self)
  if driver ~= self then return end -- it came too late: another one drives
  local ran, trouble = pcall(run, self)
  if self.bell then self.bell:close() end
  if driver ~= self then return end
  driver = nil
  if ran then return end
  for entry in pairs(under_way) do finish(entry, trouble) end
end

-- Whether there is a light thread. It may have died without a word: by ngx.exit in a callback,
-- or because nginx had no more running timers.
local function alive()
  return driver and ngx.now() - driver.seen < SILENCE
end

-- Makes the light thread look around, a new one where there is none.
local function wake()
  if alive() then
    driver.rung = true
    if driver.bell then driver.bell:ring() end
    return true
  end
  local new = { seen = ngx.now() }
  local armed, why = ngx.timer.at(0, drive, new)
  if armed then driver = new end
  return armed, why
end

local function wait_for(entry)
  while not entry.over:wait(BEAT) do
    if not alive() then wake() end
  end
end

local drivers = {}

--- What a job's caller waits on.
function drivers.semaphore()
  return semaphore.new()
end

--- Whether a job's callback may be what calls: it can't wait.
function drivers.stepping()
  return stepping
end

--- Drives a job to its end, and yields meanwhile.
---@param job geelark.Job
---@param over table of `drivers.semaphore`
function drivers.drive(job, over)
  local entry = { job = job, over = over }
  under_way[entry] = true
  local driven, why = wake()
  if not driven then
    under_way[entry] = nil -- nothing was sent
    error("nginx gives no timer to run the job in: " .. why, 3)
  end
  local waited, trouble = pcall(wait_for, entry)
  if not waited then
    under_way[entry] = nil -- where nobody can wait, nothing was sent
    error(trouble, 0)
  end
  if entry.trouble then error(entry.trouble, 0) end
end

return drivers

