-- One seed: draws a world, calls the module in it, and checks what came of it.

local geelark = require "geelark"
local checks = require "spec.support.simulation.checks"
local new_clock = require "spec.support.simulation.clock"
local draw = require "spec.support.simulation.draw"
local drive = require "spec.support.simulation.drive"
local new_judge = require "spec.support.simulation.judge"
local new_random = require "spec.support.simulation.random"
local new_world = require "spec.support.simulation.world"
local promises = require "spec.support.simulation.promises"

local CLIENT_OPTIONS = { token = true, requests_per_minute = true, requests_per_hour = true,
  limiter = true, clock = true }

local Run = {}
Run.__index = Run

-- Whether an account of a job may be followed to the letter.
local function judge_of(self, ids)
  local world = self.world
  local judge = new_judge(ids, self.plan.options, self.clock,
    function() return world.depth > 0 end)
  judge.deleted_by_us, judge.relaxed = {}, self.plan.broken ~= nil
  judge.calm = self.plan.on.calm
  local way = self.plan.called_by
  if way == "jobs" or way == "client" then judge.peers = self.judges end
  self.judges[#self.judges + 1] = judge
  return judge
end

local function raise(self, judge, probability)
  if not self.world:raises(probability) then return end
  judge:ended_by "callback"
  error("the caller's mistake", 0)
end

local function add_callbacks(self, options, judge)
  local world = self.world
  if self.random:chance(0.3) then
    local function on_event(event)
      judge:hears(event)
      world:reach()
      raise(self, judge, 0.03)
    end
    judge.announces = true
    options.on_event = function(event) return world:callback(on_event, event) end
  end
  -- Not where an hour's wait would be told each second, to each of many jobs.
  if not self.plan.options.requests_per_hour and self.random:chance(0.3) then
    local function on_progress(p)
      judge:check_progress(p)
      world:reach()
      raise(self, judge, 0.03)
    end
    options.on_progress = function(p) return world:callback(on_progress, p) end
  end
end

-- All options of a call, or those of a job of a client.
local function options_of(self, judge, of_client)
  local options = {}
  for name, value in pairs(self.options) do
    if not of_client or not CLIENT_OPTIONS[name] then options[name] = value end
  end
  options.transport = self.world:transport_of(judge)
  add_callbacks(self, options, judge)
  return options
end

-- The options that a client has, and every call outside of one.
local function shared_options(self)
  local clock, world, options = self.clock, self.world, { token = self.world.token }
  for name, value in pairs(self.plan.options) do options[name] = value end
  options.clock = { seed = self.seed,
    now = function()
      if self.stepping then world:callback(world.reach, world) end
      return clock:read()
    end,
    sleep = function(seconds)
      for _, judge in ipairs(self.judges) do judge:settle_step() end
      clock:sleep(seconds)
    end }
  return options
end

-- The account of a call that has ended.
local function settled(self, judge, result, err)
  judge.is_done = true
  self.world:job_ends(judge)
  local run = { judge = judge, result = result or err.result, err = err, world = self.world }
  local wrong = judge.finding or checks.account(run)
  self.finding = self.finding or wrong
  return run
end

-- What holds of a client at its end. Calls outside of one have one each.
local function check_client(self)
  local wrong = checks.client(self.world, self.plan.broken and {} or self.plan.options)
  self.finding = self.finding or wrong
  self.world:next_client()
end

-- Goes on by resume, twice at most, or asks for what is left as for a new list.
local function go_on(self, judge, run)
  for _ = 1, 2 do
    if self.finding or not run.err or judge.relaxed or self.client_closed then return end
    if not self.random:chance(0.4) then return end
    self.world.locked, judge.announces = {}, false
    check_client(self) -- the next one is a client of its own, to which those requests are strangers
    local result, err
    if promises.resume then
      judge:go_on(run.result)
      judge.is_done = false
      result, err = geelark.resume(run.err, options_of(self, judge))
    else
      judge = judge_of(self, geelark.remaining(run.err))
      result, err = geelark.delete(judge.ids, options_of(self, judge))
    end
    run = settled(self, judge, result, err)
  end
end

local ways = {}

function ways.delete(self)
  local judge = judge_of(self, self.plan.ids)
  local run = settled(self, judge, geelark.delete(judge.ids, options_of(self, judge)))
  go_on(self, judge, run)
end

function ways.job(self)
  local judge = judge_of(self, self.plan.ids)
  local job = geelark.start(judge.ids, options_of(self, judge))
  drive(self, { { handle = job, judge = judge } })
  if not self.finding then go_on(self, judge, settled(self, judge, job:result())) end
end

-- A list in as many parts; an id that is given twice stays with its like.
local function parts_of(ids, count)
  local parts, part_of = {}, {}
  for i = 1, count do parts[i] = {} end
  for i, id in ipairs(ids) do
    part_of[id] = part_of[id] or parts[i % count + 1]
    table.insert(part_of[id], id)
  end
  return parts
end

-- Calls of one client one after the other.
function ways.client(self)
  local client = assert(geelark.new(self.options))
  self.client = client
  for _, ids in ipairs(parts_of(self.plan.ids, 2)) do
    local judge = judge_of(self, ids)
    settled(self, judge, client:delete(ids, options_of(self, judge, true)))
    if self.finding then return end
  end
  client:close()
end

-- Jobs of one client, side by side.
function ways.jobs(self)
  local client, jobs = assert(geelark.new(self.options)), {}
  self.client = client
  for i, ids in ipairs(parts_of(self.plan.ids, self.random:pick { 1, 2, 3, 10 })) do
    local judge = judge_of(self, ids)
    jobs[i] = { judge = judge, handle = client:start(ids, options_of(self, judge, true)) }
  end
  drive(self, jobs)
  if self.finding then return end
  for _, job in ipairs(jobs) do
    if not job.judge.is_dropped then settled(self, job.judge, job.handle:result()) end
  end
  client:close()
end

---@param seed integer
---@param abort fun(finding: string) called where the engine can't go on; must not return
---@return string|nil finding
return function(seed, abort)
  local random = new_random(seed)
  local plan = draw(random)
  local self = setmetatable({ seed = seed, random = random, plan = plan, judges = {},
    abort = abort }, Run)
  local function wrong(finding) self.finding = self.finding or finding end
  self.clock = new_clock(random, wrong, function() abort "the engine never ends" end)
  self.clock.broken, self.clock.held_up = plan.broken, plan.on.held_up
  self.world = new_world(plan, random, self.clock)
  self.options = shared_options(self)
  ways[plan.called_by](self)
  self.clock:pass(1e5) -- what is still on its way finds nobody, and changes nothing
  for _, judge in ipairs(self.judges) do wrong(judge.finding) end
  check_client(self)
  return self.finding and plan.called_by .. ": " .. self.finding
end
