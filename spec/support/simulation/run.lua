-- One seed: draws a world and a job, runs it through the real engine, checks what came of it.

local geelark = require "geelark"
local checks = require "spec.support.simulation.checks"
local new_clock = require "spec.support.simulation.clock"
local draw = require "spec.support.simulation.draw"
local new_random = require "spec.support.simulation.random"
local new_world = require "spec.support.simulation.world"

local names = {}
for name in pairs(checks) do names[#names + 1] = name end
table.sort(names)

local function add_transport_and_clock(options, world, clock, seed)
  options.transport = function(request) return world:transport(request) end
  options.clock = { seed = seed, now = function() return clock:read() end,
    sleep = function(seconds) clock:sleep(seconds) end }
end

local function add_callbacks(options, on, random)
  if not on.raise then return end
  local function mine()
    if random:chance(0.03) then error "the caller's mistake" end
  end
  if random:chance(0.5) then options.on_event = mine end
  if random:chance(0.5) then options.on_progress = mine end
end

-- Steps a job as an event loop would, and perhaps cancels it.
local function step_to_end(job, on, random, clock)
  while not job:step() do
    if on.cancel and random:chance(0.05) then
      job:cancel()
    else
      clock:sleep(math.min(job:timeout() or 3600, 3600))
    end
  end
  return job:result()
end

-- One call; returns what the checks want to know.
local function call(plan, ids, world, clock, f)
  local before, began = #world.calls, clock.now
  world.stopped = false
  world.job = {}
  local result, err = f()
  local run = { ids = ids, options = plan.options, on = plan.on, world = world,
    result = result or err.result, err = err, sent = #world.calls - before,
    took = clock.now - began, calls_of_stopped_job = {} }
  for i = before + 1, #world.calls do
    run.calls_of_stopped_job[#run.calls_of_stopped_job + 1] = world.calls[i]
  end
  run.remaining = geelark.remaining(run.result)
  for _, name in ipairs(names) do
    local wrong = checks[name](run)
    if wrong then return name .. ": " .. wrong end
  end
end

---@param seed integer
---@return string|nil finding
return function(seed)
  local random, clock = new_random(seed), new_clock()
  local plan = draw(random)
  local world = new_world(plan, random, clock)
  local options = {}
  for name, value in pairs(plan.options) do options[name] = value end
  add_transport_and_clock(options, world, clock, seed)
  add_callbacks(options, plan.on, random)
  if plan.called_by == "delete" then
    return call(plan, plan.ids, world, clock, function()
      return geelark.delete(plan.ids, options)
    end)
  elseif plan.called_by == "job" then
    return call(plan, plan.ids, world, clock, function()
      return step_to_end(geelark.start(plan.ids, options), plan.on, random, clock)
    end)
  end
  -- Two calls of one client, for disjoint halves of the list.
  local client = assert(geelark.new(options))
  local seen, halves = {}, { {}, {} }
  for i, id in ipairs(plan.ids) do
    seen[id] = seen[id] or i % 2 + 1
    table.insert(halves[seen[id]], id)
  end
  for _, ids in ipairs(halves) do
    local finding = call(plan, ids, world, clock, function() return client:delete(ids) end)
    if finding then return finding end
  end
  client:close()
end
