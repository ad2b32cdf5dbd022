-- The adversary between the engine and the model of the service: takes each request at the
-- transport's end, brings it to the service soon, late or never, and hands back what fates.lua
-- made of it. The model knows what truly became of every phone; the judge of the account is told
-- which answers were handed over whole.

local fates = require "spec.support.simulation.fates"
local finaliser = require "spec.support.finaliser"
local models = require "geelark.simulator.world"
local running = require "spec.support.simulation.running"

local TOKEN = "token-of-the-simulation-1"
local FATES = { "lost", "unsent", "never", "again", "garbage", "lost_codes", "lies", "replays",
  "unclear", "refusals", "all_failed", "held", "http", "stop", "lock", "unknown_code" }

local World = {}
World.__index = World

--- Another request of the same client, whose answer may be taken for that of this one.
function World:another_call()
  local calls, acting = self.client_calls, self.acting
  if #calls < 2 then return nil end
  local other = calls[self.random:between(1, #calls)]
  return other ~= acting and other or nil
end

-- A world may choose the requests of one action alone for all that goes wrong.
local function draw_fate(self, action)
  if self.locked[action] or self.on.only and self.on.only ~= action then return nil end
  for _, name in ipairs(FATES) do
    if self.on[name] and self.random:chance(self.on.often) then return name end
  end
end

-- What becomes of a request at the service's end, now.
local function decide(self, call)
  self.acting = call
  local fate
  if self.locked[call.action] then fate = fates.locked(self)
  else fate = fates[call.fate or "honest"](self) end
  if fate and fate.body and fate.body:find(call.traceId, 1, true) then call.body = fate.body end
  call.acted_at = self.clock.now
  return fate
end

local lower = setmetatable({}, { __index = function(names, name)
  names[name] = name:lower()
  return names[name]
end })

-- Arrives at the service, which counts it.
local function arrive(self, call)
  local headers = {}
  for name, value in pairs(call.request.headers) do headers[lower[name]] = value end
  call.record = self.model:arrive({ method = "POST", path = call.request.path, headers = headers,
    body = call.request.body }, self.clock.now)
  table.insert(call.arrivals[call.action], self.clock.now)
end

local function leave(self, call, fate)
  self.model:leave(call.record, fate and fate.status, fate and fate.code)
end

-- An answer that comes when the engine may have given up: whether it still counts is the
-- engine's to say, but it must have had a moment to judge it late.
local function hand_over(self, call, fate)
  local judge = call.judge
  local taken
  if fate.fail then taken = call.request:fail(fate.fail, fate.sent)
  else taken = call.request:answer(fate.status, fate.body, fate.headers) end
  if taken then
    if judge.is_done then judge:find "an answer counts after the end" end
    judge:delivered(call, fate, self.clock.now)
    return true
  end
  local is_over = judge.is_done or not call.open or judge:is_overdue(call)
    or judge.relaxed or judge:is_past_deadline()
  if not is_over then
    judge:find("an answer that came in time is refused (%s)", fate.class)
  end
  return false
end

--- Deals with a request at once and hands over what comes of it; for those who reach in.
function World:hurry(call)
  if call.hurried then return end
  call.hurried = true
  if not call.record then arrive(self, call) end
  local fate = decide(self, call)
  leave(self, call, fate)
  if fate then hand_over(self, call, fate) end
end

--- What a job has under way when it ends has arrived by then.
function World:job_ends(judge)
  for i = #self.client_calls, 1, -1 do
    local call = self.client_calls[i]
    if call.judge == judge and not call.record then arrive(self, call) end
  end
  judge:close()
end

local function answer_later(self, call)
  local random, timeout = self.random, call.judge.options.timeout
  local slow = random:chance(0.1) and 2 or 0.8
  local way = random:next() * 0.3
  local work, back = random:next() * slow * 0.5, random:next() * slow * 0.5
  self.clock:after(way * timeout, function()
    if call.hurried then return end
    if not call.record then arrive(self, call) end
    self.clock:after(work * timeout, function()
      if call.hurried then return end
      call.hurried = true
      local fate = decide(self, call)
      leave(self, call, fate)
      if not fate then return end
      self.clock:after(back * timeout, function() return hand_over(self, call, fate) end)
    end)
  end)
end

local function no_arrivals() return { delete = {}, stop = {}, status = {} } end

--- What comes is another client's.
function World:next_client()
  self.arrivals, self.client_calls = no_arrivals(), {}
end

local function note(self, judge, request)
  local action = request.path:match "^/open/v1/phone/(%a+)$"
  if not self.arrivals[action] then judge:find("a request to %s", request.path) end
  local call = { action = action, ids = request.ids, traceId = request.traceId,
    request = request, judge = judge, account = judge.deleted_by_us, arrivals = self.arrivals,
    at = self.clock.last_read, fate = draw_fate(self, action) }
  judge:check_announced(call)
  judge:departs(call, self.clock.now)
  if self.traces[call.traceId] then judge:find "a traceId twice" end
  self.traces[call.traceId] = true
  self.client_calls[#self.client_calls + 1] = call
  return call
end

local function transport(self, judge, request)
  local random, on = self.random, self.on
  local call = note(self, judge, request)
  -- With latency the request would leave later than the engine can know.
  if on.jumps and not on.latency and random:chance(0.05) then
    self.clock:jump(random:between(1, 100))
  end
  if on.set_back and random:chance(0.05) then self.clock:set_back(random:between(1, 500)) end
  self:reach()
  if call.hurried then return end
  if self:raises(0.02) then
    arrive(self, call)
    call.fate = "lost"
    leave(self, call, decide(self, call))
    judge:give_up(call)
    judge:ended_by "callback"
    error("the caller's mistake", 0)
  end
  if on.latency then return answer_later(self, call) end
  arrive(self, call)
  call.hurried = true
  local fate = decide(self, call)
  leave(self, call, fate)
  if not fate then return end
  if on.reach and random:chance(0.2) then -- answers at once, but by the method
    hand_over(self, call, fate)
    return
  end
  self.depth = self.depth - 1 -- what is returned counts as come while no callback runs
  judge:delivered(call, fate, self.clock.now)
  self.depth = self.depth + 1
  if fate.fail then return nil, fate.fail, fate.sent end
  return fate.status, fate.body, fate.headers
end

--- Whether a callback is to raise now.
function World:raises(probability)
  return self.on.raise and self.random:chance(probability)
end

--- Runs what the engine calls; meanwhile it stands in a callback.
function World:callback(f, ...)
  self.depth = self.depth + 1
  local ok, a, b, c = pcall(f, ...)
  self.depth = self.depth - 1
  if not ok then error(a, 0) end
  if a ~= nil or b ~= nil then return a, b, c end
end

--- What a job of this account is given as transport.
function World:transport_of(judge)
  return function(request) return self:callback(transport, self, judge, request) end
end

-- Garbage whose finaliser calls f, collected at once.
local function finalise(f)
  finaliser(f)
  collectgarbage()
  collectgarbage()
end

--- Somebody makes use of the moment; drive.lua says how.
function World:reach()
  if not self.reach_in then return end
  if self.on.reach and self.random:chance(0.2) then self.reach_in() end
  if self.on.finalisers and self.random:chance(0.2) then finalise(self.reach_in) end
end

---@param plan table from draw.lua
---@param random table
---@param clock table
return function(plan, random, clock)
  local on = plan.on
  local model = models.new { phones = plan.phones, token = TOKEN, bad_ids = plan.bad,
    batch_codes = plan.batch_codes,
    requests_per_minute = on.service_limit and random:between(3, 20) or 1e9,
    requests_per_hour = 1e9 }
  local self = setmetatable({ random = random, clock = clock, on = on, model = model,
    token = TOKEN, arrivals = no_arrivals(), traces = {}, client_calls = {}, depth = 0, acts = 0,
    locked = {}, plan = plan, bystanders = plan.bystanders, running = plan.running }, World)
  running.begin(self)
  return self
end
