-- Random lives of jobs with one journal, in this process: faults, every way for a job to end, and
-- the same file again until it is whole. After each life what the file says is held against the
-- account in memory, and both against what the service did. One seed is one history.

local collect = require "spec.support.collect"
local geelark = require "geelark"
local new_random = require "spec.support.simulation.random"
local shell = require "spec.support.shell"
local simulator = require "geelark.simulator"

local GONE = { deleted = true, presumed = true }
local STATES = { "started", "starting", "stuck_starting", "unstoppable", "executing", "in_use",
  "missing" }
local FAULTS = { { close = "before" }, { close = "after" }, { cut = 20 }, { status = 502 },
  { refuse = 50000 }, { status = 524, act = true }, { refuse = 40001 }, { refuse = 40007 },
  { refuse = 40004 }, { refuse = 40010 }, { fail_details = "absent" }, { delay = 90 },
  { stall = 70 }, { amounts = { successAmount = 0 } },
  { status = 429, headers = { ["Retry-After"] = 3 } } }
local ENDS = { { refuse = 40003 }, { refuse = 40014 }, { refuse = 12345 },
  { code = 12345 }, { status = 404 }, { status = 429, headers = { ["Retry-After"] = 4000 } } }

---@class spec.torture.journal.History
local History = {}
History.__index = History

function History:finding(text, ...)
  self.findings[#self.findings + 1] = ("seed %d, life %d (%s): "):format(self.seed, self.life,
    self.ending) .. text:format(...)
end

-- Any ids of the service's, in any order, some twice, some as integers.
function History:draw_ids()
  local random, ids = self.random, {}
  for _, id in ipairs(self.ids) do
    if random:chance(0.9) then
      local integer = math.type and random:chance(0.1) and math.tointeger(tonumber(id)) or id
      table.insert(ids, random:between(1, #ids + 1), integer)
      if random:chance(0.05) then ids[#ids + 1] = id end
    end
  end
  return ids
end

-- What goes wrong with requests; `last` is for the n-th of them and all that follow.
function History:plan(share, last, n)
  local random, count = self.random, 0
  self.service:plan(function()
    count = count + 1
    if last and count >= n then return last end
    return random:chance(share) and random:pick(FAULTS) or nil
  end)
end

-- Notes a request that reaches the service.
function History:count(request)
  self.arrived[request.traceId] = true
  if not (request.path or request.action):find "delete" then return end
  for _, given in ipairs(request.ids) do
    local id = tostring(given)
    if self.gone[id] then self:finding("%s is gone and is asked for again", id) end
    self.asked[id] = (self.asked[id] or 0) + 1
  end
end

-- The transport raises at the n-th request.
function History:watch(transport, n)
  local arrivals = 0
  return function(request)
    self:count(request)
    arrivals = arrivals + 1
    if arrivals == n then error "transport" end
    return transport(request)
  end
end

-- Each of these makes a life end in its way, at its n-th event, step or call.
local endings = {}

function endings.whole() end

function endings.cancel(n, _, hooks) hooks.event[n] = function(job) job:cancel() end end

function endings.raise(n, _, hooks)
  hooks.event[n] = function() error(setmetatable({}, { __tostring = error })) end
end

function endings.raise_in_progress(n, given)
  given.on_progress = function()
    n = n - 1
    if n == 0 then error "progress" end
  end
end

function endings.close_inside(n, _, hooks)
  hooks.event[n] = function(_, client) client:close() end
end

function endings.close(n, _, hooks) hooks.step[n] = function(_, client) client:close() end end

function endings.cancel_between(n, _, hooks) hooks.step[n] = function(job) job:cancel() end end

function endings.drop(n, _, hooks) hooks.step[n] = function() return "drop" end end

-- The process dies: what is on the disk at the n-th event stays.
function endings.crash(n, _, hooks, self)
  hooks.event[n] = function(_, _, event)
    if event.type == "send" then self:count(event) end -- on the disk it has left
    for _, name in ipairs { "", "-wal" } do
      shell.run("cp %s %s", self.file .. name, self.file .. name .. ".left")
    end
    self.crashed = true
    error "crash"
  end
end

function endings.deadline(n, given) given.deadline = n * 3 end

local function limiter(n, name)
  local function call(which)
    if which == name then n = n - 1 end
    if n == 0 then error(which) end
    return {}
  end
  return { take = function() return call "take" end, give = function() call "give" end }
end

function endings.take(n, given) given.limiter = limiter(n, "take") end

function endings.give(n, given) given.limiter = limiter(n, "give") end

function endings.clock(n, given)
  local now = given.clock.now
  n = n * 20
  given.clock.now = function()
    n = n - 1
    if n == 0 then error "clock" end
    return now()
  end
end

function endings.transport() end

function endings.service() end

local NAMES = {}
for name in pairs(endings) do NAMES[#NAMES + 1] = name end
table.sort(NAMES)
for _ = 1, 4 do NAMES[#NAMES + 1] = "crash" end

function History:options(more)
  local random = self.random
  local given = self.service:options {
    journal = self.file, chunk_size = random:pick { 1, 2, 5, 17, 100 },
    concurrency = random:between(1, 4), attempts = random:between(1, 4),
    stop_started = random:chance(0.6), stop_timeout = random:pick { 20, 120 },
    requests_per_minute = random:pick { 10, 200 }, max_wait = 30,
  }
  given.clock.seed = random:between(1, 1e6)
  for name, value in pairs(more or {}) do given[name] = value end
  return given
end

-- What is in the file, by id; nil where there is none.
function History:read()
  local result, err = geelark.journal.read(self.file)
  if not result then
    if not err.message:find("no such file", 1, true) then self:finding("%s", err.message) end
    return nil
  end
  return result
end

local function by_id(result)
  local said = {}
  for id, state, code, msg in geelark.outcomes(result) do
    said[tostring(id)] = { state = state, code = code, msg = msg }
  end
  return said
end

-- Steps the job to its end. Returns its outcome; nil: it was dropped.
local function drive(job, client, hooks)
  for n = 1, math.huge do
    local act = hooks.step[n]
    if act and act(job, client) == "drop" then return nil end
    if job:step(1) then return job:result() end
  end
end

-- An account of earlier, which the life may go on from.
function History:earlier()
  if not self.random:chance(0.2) then return nil end
  local accounts = self.accounts
  return accounts[self.random:between(1, 2 * #accounts)] or self:read()
end

-- Returns the result or err; nil: the job was dropped.
local function run(self, given, hooks)
  local client, job, count = nil, nil, 0
  given.on_event = function(event)
    count = count + 1
    local act = hooks.event[count]
    if act then act(job, client, event) end
  end
  local function outcome(result, err) return result or err end
  local earlier = self:earlier()
  -- There is no job or client then: what would end it raises.
  if earlier then return outcome(geelark.resume(earlier, given)) end
  client = assert(geelark.new(given))
  job = client:start(self:draw_ids())
  return outcome(drive(job, client, hooks))
end

-- One life. What the account says is compared; a dropped job has none.
function History:live(ending)
  local random = self.random
  local n, hooks = random:between(1, random:pick { 6, 30 }), { event = {}, step = {} }
  self.life, self.ending = self.life + 1, ending
  local given = self:options()
  endings[ending](n, given, hooks, self)
  given.transport = self:watch(given.transport, ending == "transport" and n)
  self:plan(random:pick { 0, 0.1, 0.3, 0.6 }, ending == "service" and random:pick(ENDS), n)
  local before = self:read()
  self.before = before and by_id(before) or {}
  self.gone = {}
  for id, said in pairs(self.before) do self.gone[id] = GONE[said.state] end
  local account = run(self, given, hooks)
  if account and account.kind == "config" then self:finding("%s", account.message) end
  given, hooks = nil, nil -- luacheck: ignore
  if self.crashed then account = nil end
  local clock = self.service.clock -- what is under way comes to its end, and holds the job
  repeat clock:sleep(1e4) until not clock.events[1]
  if not account then collect() end
  if self.crashed then
    for _, name in ipairs { "", "-wal" } do
      assert(os.rename(self.file .. name .. ".left", self.file .. name))
    end
    self.crashed = nil
  end
  self:check(account)
  self.accounts[#self.accounts + 1] = account
end

-- Held against the world.
function History:check_true(id, said)
  local state, is = said.state, self.service:state(id)
  if GONE[state] and is and is ~= "deleted" then return "is " .. is end
  if state == "deleted" and not is then return "never was" end
  if state == "presumed" and not is and (self.asked[id] or 0) < 2 then return "never was" end
  local may_be_late = state == "failed" and said.code ~= 42001 and self.late[id]
  if (state == "failed" or state == "pending") and is == "deleted" and not may_be_late then
    return "is gone"
  end
  if said.code == 42001 and is then return "was there" end
end

-- What memory and file may say of one id: the same; of one that this life never came to, the file
-- may still know why an earlier one failed.
local function agree(inside, outside, before)
  if not outside then return false end
  if inside.state == outside.state then
    return inside.code == outside.code and inside.msg == outside.msg
  end
  local open = inside.state == "pending" or inside.state == "unknown"
  return open and outside.state == "failed" and before and before.state == "failed"
end

local function words(said)
  return said and ("%s %s"):format(said.state, said.code or "") or "absent"
end

function History:check(account)
  local file = self:read()
  for _, request in ipairs(self.service:requests()) do -- obeyed after the client gave up
    local stalled = request.fault and request.fault.stall
    for _, id in ipairs(stalled and request.deleted or {}) do self.late[id] = true end
  end
  if not file then
    if account then self:finding("no file") end
    return
  end
  local outside = by_id(file)
  for id, said in pairs(outside) do
    local wrong = self:check_true(id, said)
    if wrong then self:finding("the file: %s is %s and %s", id, words(said), wrong) end
  end
  for id, said in pairs(account and by_id(account) or {}) do
    local wrong = self:check_true(id, said)
    if wrong then self:finding("%s is %s and %s", id, words(said), wrong) end
    if not agree(said, outside[id], self.before[id]) then
      self:finding("%s is %s, in the file %s, before %s", id, words(said), words(outside[id]),
        words(self.before[id]))
    end
  end
  local noted, stopped = {}, {}
  for _, id in ipairs(file.stoppedIds) do stopped[tostring(id)] = true end
  for _, id in ipairs(account and (account.result or account).stoppedIds or {}) do
    if not stopped[tostring(id)] then self:finding("%s was stopped, not by the file", id) end
  end
  for _, request in ipairs(file.requests) do
    noted[request.traceId] = true
    if account and not self.arrived[request.traceId] then
      self:finding("request %s never left", request.traceId)
    end
  end
  for trace_id in pairs(self.arrived) do
    if not noted[trace_id] then self:finding("request %s isn't in the file", trace_id) end
  end
end

-- Goes on without faults until every id of the service's has its answer.
function History:end_whole()
  self.ending, self.life, self.before = "the last", self.life + 1, {}
  self:plan(0)
  local given = self:options { stop_started = true, requests_per_minute = 200 }
  given.transport = self:watch(given.transport)
  local result, err = geelark.delete(self.ids, given)
  self:check(result or err)
  if err then return self:finding("%s", err.message) end
  for id, said in pairs(by_id(assert(self:read()))) do
    local is = self.service:state(id)
    if said.state == "failed" and said.code ~= 42001 and not is then
      self:finding("%s is %s and never was", id, words(said))
    end
  end
end

---@param seed integer
---@param file string where its journal is; nothing is there yet
---@return string[] findings
return function(seed, file)
  local random = new_random(seed)
  local phones = random:between(5, 90)
  local states = {}
  for _, state in ipairs(STATES) do states[state] = random:between(0, math.floor(phones / 10)) end
  local service = simulator.new { phones = phones, states = states }
  local self = setmetatable({ seed = seed, life = 0, random = random, file = file, findings = {},
    accounts = {}, late = {}, arrived = {}, asked = {}, service = service }, History)
  self.ids = self.service:ids()
  for _ = 1, random:between(1, 6) do self:live(random:pick(NAMES)) end
  self:end_whole()
  return self.findings
end
