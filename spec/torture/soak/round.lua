-- One round: a fresh service with faults (whose log of requests would grow without end), lists of
-- ids that several coroutines delete at once, and at the end the accounts against its world.

local cqueues = require "cqueues"
local draw = require "spec.support.simulation.random"
local geelark = require "geelark"
local judge = require "spec.torture.soak.judge"
local kinds = require "spec.torture.soak.calls"
local native = require "spec.support.native"
local simulator = require "geelark.simulator"

local faults = require "spec.torture.soak.faults"

local WORKERS = 12
local PHONES, MOST = 2000, 120 -- in a round, in one list
local KEY = { app_id = "app", api_key = "key" }
local VARIABLES = { GEELARK_BASE_URL = "base_url", GEELARK_TOKEN = "token",
  GEELARK_APP_ID = "app_id", GEELARK_API_KEY = "api_key", GEELARK_CA_FILE = "ca_file" }

local environment = native "environment"

---@class spec.torture.Round
---@field ids string[] all that there are
---@field random table
---@field service geelark.simulator.Process
---@field stops boolean whether its calls stop phones
---@field calls spec.torture.Call[]
---@field findings string[]
local Round = {}
Round.__index = Round

---@return string[] ids that nobody else gets; empty once all were taken
function Round:take()
  local list, count = {}, self.random:between(1, self.random:pick { 3, 20, MOST })
  for i = 1, math.min(count, #self.ids - self.taken) do list[i] = self.ids[self.taken + i] end
  self.taken = self.taken + #list
  return list
end

---@param ids string[]
---@return spec.torture.Call
function Round:enter(ids)
  local call = { kind = self.kind_of[coroutine.running()], ids = ids }
  self.calls[#self.calls + 1] = call
  return call
end

---Of several accounts of one list the last counts.
---@param call spec.torture.Call
---@param account geelark.Result|geelark.Error
function Round:account(call, account)
  local attempts
  call.outcomes, attempts = judge.read(call.ids, account, self.findings)
  call.attempts = not call.cut_off and (call.attempts or 0) + attempts or nil
  self.deletes = self.deletes + 1
end

---@return string a file that isn't there
function Round:new_file()
  self.files = self.files + 1
  return ("%s/%d.db"):format(self.folder, self.files)
end

-- The names of the kinds, each as often as it is to be drawn.
local drawn = {}
for name, kind in pairs(kinds) do
  for _ = 1, kind.often do drawn[#drawn + 1] = name end
end
table.sort(drawn)

local function work(self)
  local me = coroutine.running()
  while self.taken < #self.ids do
    local kind = self.random:pick(drawn)
    self.kind_of[me] = kind
    kinds[kind].call(self)
  end
end

-- What plain calls take from the environment. The client that they share ends with it.
local function set_environment(values)
  for name, option in pairs(VARIABLES) do environment(name, values[option]) end
end

local function leave_environment()
  set_environment { token = "none" }
  geelark.delete({}, {})
end

local function spawn(seed)
  local keys, stops = seed % 3 == 0, seed % 2 == 0
  local plan = faults(seed, not stops)
  return simulator.spawn { phones = PHONES, plan = plan, tls = seed % 4 < 2,
    batch_codes = seed % 5 == 0,
    states = { started = 60, starting = 20, in_use = 20, missing = 40, unstoppable = 10 },
    stop_seconds = 0, start_seconds = 0, requests_per_minute = false, requests_per_hour = false,
    app_id = keys and KEY.app_id or nil, api_key = keys and KEY.api_key or nil }, stops
end

-- Runs the coroutines to their end. What one of them raises is a finding.
local function run(self)
  local loop = cqueues.new()
  for _ = 1, WORKERS do loop:wrap(work, self) end
  for why in loop:errors() do self.findings[#self.findings + 1] = tostring(why) end
  loop:close()
end

local function check(self)
  for _, finding in ipairs(judge.check(self.calls, self.service:world())) do
    self.findings[#self.findings + 1] = finding
  end
end

---@class spec.torture.RoundFigures
---@field deletes integer accounts that came back
---@field ids integer
---@field findings string[]

---Runs one round.
---@param seed integer
---@param folder string for journals
---@return spec.torture.RoundFigures
return function(seed, folder)
  local service, stops = spawn(seed)
  local self = setmetatable({ service = service, stops = stops, ids = service:ids(), taken = 0,
    random = draw(seed), calls = {}, findings = {}, deletes = 0, kind_of = {}, folder = folder,
    files = 0 }, Round)
  set_environment(service:options())
  run(self)
  leave_environment()
  check(self)
  service:stop()
  return { deletes = self.deletes, ids = #self.ids, findings = self.findings }
end
