-- Steps jobs as an event loop would, or as a busy, sleepy or careless host does: early, late, in
-- any order, one of them alone, from within callbacks; it cancels, closes and drops them.

local MOST_SECONDS = 3600

-- One step. Errors of the caller's own callbacks end a job; they never leave a step.
local function step(run, job)
  for _, judge in ipairs(run.judges) do judge:settle_step() end
  run.stepping = job
  local ok, done = pcall(job.handle.step, job.handle)
  run.stepping = nil
  if not ok then
    job.judge:find("a step raises: %s", tostring(done))
    done = true
  end
  if done then
    job.done = true
    job.judge:check_progress(job.handle:progress(), true)
  end
  job.judge.fresh = {}
end

-- Reaching in ----------------------------------------------------------------------------

-- An engine that lets this happen may crash next.
local function must_raise(run, what, ok)
  if ok then run.abort(what .. " within a step doesn't raise") end
end

local reaches = {
  function(run)
    local job = run.stepping
    must_raise(run, "a step", (pcall(job.handle.step, job.handle)))
  end,
  function(run)
    local client = not run.client_closed and run.client
    if client then must_raise(run, "closing the client", (pcall(client.close, client))) end
  end,
  function(run)
    run.stepping.judge:check_progress(run.stepping.handle:progress())
  end,
  function(run)
    local calls = run.world.client_calls
    local call = calls[#calls]
    if call and call.delivered and call.request:answer(200, "{}") then
      run.abort "a request is answered twice"
    end
  end,
  function(run) -- answers from within
    local calls = run.world.client_calls
    local call = calls[run.random:between(1, math.max(1, #calls))]
    if call and call.open and not call.judge.is_done then run.world:hurry(call) end
  end,
}

-- Calls ------------------------------------------------------------------------------------

local function drop(run, job)
  job.done, job.judge.is_done, job.judge.is_dropped = true, true, true
  debug.getmetatable(job.handle).__gc(job.handle)
  run.world:job_ends(job.judge)
  run.dropped = true
end

-- The host's own doing, between steps; whether it leaves something to step for.
local function interfere(run, jobs, job)
  local random, on = run.random, run.plan.on
  if on.cancel and random:chance(0.05) then
    job.judge:ended_by "cancelled"
    job.handle:cancel()
  end
  if on.drop and #jobs > 1 and random:chance(0.2) then
    drop(run, job)
    return true
  end
  if on.close and run.client and random:chance(0.05) then
    run.client:close()
    for _, each in ipairs(jobs) do
      if not each.done then
        each.judge:ended_by "cancelled"
        each.judge:cut_off()
        run.world:job_ends(each.judge)
      end
    end
    run.client_closed = true
    return true
  end
  return false
end

-- Lets time pass until the job is to be stepped, or not quite, or far longer.
local function wait(run, jobs)
  local clock, random, least = run.clock, run.random, MOST_SECONDS
  local is_timed = false
  run.urgent = nil
  for _, job in ipairs(jobs) do
    local seconds = not job.done and job.handle:timeout()
    if seconds then is_timed = true end
    if seconds and seconds < least then least, run.urgent = seconds, job end
  end
  if not is_timed then
    least = clock:until_next()
    if not least then
      run.finding = run.finding or "a job waits for nothing"
      return
    end
  end
  local lot = random:next()
  if lot < 0.1 then least = least * random:next()
  elseif lot < 0.25 and run.plan.on.held_up then
    return clock:hold(least)
  end
  clock:pass(least, true)
end

local function undone(jobs)
  local list = {}
  for _, job in ipairs(jobs) do
    if not job.done then list[#list + 1] = job end
  end
  return list
end

---@param run table
---@param jobs { handle: geelark.Job, judge: table }[]
return function(run, jobs)
  run.world.reach_in = function()
    if run.stepping then run.random:pick(reaches)(run) end
  end
  if run.plan.on.idle then run.clock:jump(run.random:between(1, 200)) end -- started, not stepped
  local alone = run.random:chance(0.3)
  for _ = 1, 100000 do
    local left = undone(jobs)
    if #left == 0 or run.finding then return end
    local urgent = run.urgent and not run.urgent.done and run.random:chance(0.5) and run.urgent
    local job = alone and left[1] or urgent or run.random:pick(left)
    step(run, job)
    if not job.done then
      if not interfere(run, jobs, job) then wait(run, alone and { job } or jobs) end
    end
  end
  run.finding = run.finding or "a job never ends"
end
