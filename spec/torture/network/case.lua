-- One case: a fault, where and how often it comes, and a job that meets it. All else is drawn from
-- the case's name, so that the name alone brings it back.

local answers = require "spec.torture.network.answer"
local condition = require "cqueues.condition"
local cqueues = require "cqueues"
local geelark = require "geelark"
local random = require "spec.support.simulation.random"
local server = require "spec.torture.network.server"
local world = require "spec.torture.network.world"

local TOKEN = "canary-0123456789"
local LONGEST = 60 -- seconds that a case may take; more is a job that hangs
local TIMEOUT = 30 -- seconds for one request
local DEADLINE = 100000 -- seconds: longer than all pauses
local STOP_TIMEOUT = 3600 -- seconds: longer than any pause that a fault asks for
local CLOSING = 20 -- seconds in which all connections have to be closed

local Case = {}
Case.__index = Case

local function seed_of(text)
  local seed = 7
  for i = 1, #text do seed = (seed * 31 + text:byte(i)) % 2147483647 end
  return seed
end

-- The job's clock is the system's, and jumps where nothing but time is waited for.
function Case:clock()
  return {
    now = function() return cqueues.monotime() + self.skipped end,
    sleep = function(seconds) self.skipped = self.skipped + seconds end,
    seed = self.random:between(1, 1000000),
  }
end

-- How a silent server lets the client's time run out: the clock jumps. A short time would do, but on
-- a busy machine honest answers would be late, too.
function Case:wait_out()
  self.skipped = self.skipped + TIMEOUT + 1
  self.jumped:signal()
end

-- Ends the job while the fault comes.
function Case:interrupt()
  if self.random:chance(0.5) then
    self.job:cancel()
  else
    self.skipped = self.skipped + DEADLINE
    self.jumped:signal()
  end
end

function Case:note(event)
  if event.type == "send" then
    self.sends[#self.sends + 1] = { trace_id = event.traceId, ids = event.ids }
  elseif event.type == "lost" then
    self.lost[event.traceId] = event
    if self.fault.refuses and self.once then self.server:listen() end
  end
end

function Case:draw()
  local fault, draw = self.fault, self.random
  local chunks = draw:between(fault.chunks or ((fault.later or fault.reused) and 2 or 1), 3)
  self.chunk_size = draw:between(2, 5)
  self.chunks = chunks
  self.world = world.new(draw, chunks, self.chunk_size, self.stops)
  self.concurrency = fault.alone and 1 or draw:between(1, 2)
  self.attempts = draw:between(2, 4)
  self.fault_at = fault.later and 2 or 1
  if self.once and fault.does and not fault.reused then
    -- Where phones are stopped there are a stop, two looks and a second delete at least.
    self.fault_at = draw:between(self.fault_at, self.stops and chunks + 4 or chunks)
  end
end

function Case:start()
  self.server = server.new { world = self.world, fault = self.fault, cut = self.cut,
    once = self.once, fault_at = self.fault_at, wait_out = function() self:wait_out() end,
    contexts = self.transport == "tls" and self.contexts or nil,
    on_fault = self.mode == "cut" and function() self:interrupt() end or nil }
  self.client = assert(geelark.new { token = TOKEN, base_url = self.server.url,
    ca_file = self.ca_file, clock = self:clock(), timeout = TIMEOUT,
    connect_timeout = TIMEOUT, attempts = self.attempts, chunk_size = self.chunk_size,
    concurrency = self.concurrency, stop_started = self.stops, stop_timeout = STOP_TIMEOUT,
    deadline = DEADLINE })
  self.job = self.client:start(self.world.ids, { on_event = function(event) self:note(event) end })
end

-- Steps the job to its end. False: it takes too long.
function Case:drive()
  local job, late = self.job, cqueues.monotime() + LONGEST
  while not job:step() do
    local left = late - cqueues.monotime()
    if left <= 0 then return false end
    if job:progress().inFlight > 0 then cqueues.poll(job, self.jumped, left)
    else self.skipped = self.skipped + (job:timeout() or 0) end
  end
  return true
end

-- Goes on where the job left something open, with a service that is honest and needs no network.
function Case:resume()
  local now = 0
  local resumed = { asked = {} }
  resumed.result, resumed.err = geelark.resume(self.err, { token = TOKEN,
    clock = { now = function() return now end, sleep = function(s) now = now + s end, seed = 1 },
    transport = function(request)
      for _, id in ipairs(request.ids) do resumed.asked[id] = true end
      return 200, answers.json(answers.new(request.traceId, #request.ids,
        self.world:delete(request.ids)))
    end })
  self.resumed = resumed
end

-- Runs it. Afterwards it holds what the judge looks at.
function Case:run()
  self:draw()
  self:start()
  self.ended = self:drive()
  if self.ended then
    self.result, self.err = self.job:result()
    self.result = self.result or self.err.result
  end
  self.client:close()
  self.open = self.server:close(CLOSING)
  self.token = TOKEN
end

local case = {}

-- `what`: fault, cut, transport, mode, round, contexts and ca_file. The modes are "once", "always",
-- "stops" (once, in a job that stops phones) and "cut" (the job is cancelled, or its deadline passes,
-- as the fault comes).
function case.new(what)
  local expect = what.fault.expect
  what.expect = type(expect) == "table" and expect[what.transport] or expect
  what.once, what.stops = what.mode ~= "always", what.mode == "stops"
  what.name = ("%s/%s/%s/%d/%d"):format(what.fault[1], what.transport, what.mode, what.cut,
    what.round)
  what.random = random(seed_of(what.name))
  what.skipped, what.jumped, what.sends, what.lost = 0, condition.new(), {}, {}
  return setmetatable(what, Case)
end

return case
