-- One scenario, in a victim of its own, with the n-th allocation failing; and the judgement.

local cqueues = require "cqueues"
local clocks = require "geelark.simulator.clock"
local judge = require "spec.torture.memory.judge"
local servers = require "geelark.simulator.http.server"
local temporary = require "spec.support.temporary"
local transports = require "geelark.simulator.transport"
local worlds = require "spec.torture.memory.worlds"
local models = require "geelark.simulator.world"

local SECONDS_MAX = 2
local EPOCH = 1e6 -- the victims' clock at first

local function read_file(name)
  local file = assert(io.open("spec/torture/memory/" .. name))
  local text = file:read "*a"
  file:close()
  return text
end

local PRELUDE, SCENARIOS = read_file "victim.lua", read_file "scenarios.lua"

---What runs a scenario again and again, in one process.
---@class spec.torture.memory.Bench
local Bench = {}
Bench.__index = Bench

local function quoted(list)
  local words = {}
  for i, word in ipairs(list) do words[i] = ("%q"):format(word) end
  return "{ " .. table.concat(words, ", ") .. " }"
end

-- What the victim knows of its world, as Lua.
function Bench:facts()
  local world, server = self.world, self.server
  return ("scenario_name = %q\nids = %s\nmore_ids = %s\nmore_ids_too = %s\n"):format(world.name,
    quoted(worlds.ids), quoted(worlds.more_ids), quoted(worlds.more_ids_too))
    .. ("network = %s\n"):format(tostring(world.network ~= nil))
    .. (server and ("base_url = %q\n"):format(server.url) or "")
    .. ("ca_file = %s\nca_bundle = %q\n"):format(
      world.network == "tls" and ("%q"):format(self.ca_file) or "nil", self.ca_file)
    .. (world.settings.app_id and ("app_id, api_key = %q, %q\n"):format(world.settings.app_id,
      world.settings.api_key) or "")
    .. ("journal_file = %q\n"):format(self.folder:file "run.db")
    .. (world.bare and "" or "geelark = require 'geelark'\n")
end

-- The functions that a victim calls.
function Bench:onlooker()
  local function ask(path, authorization, trace_id, body, now)
    self.clock.time = now
    local status, text, sent
    self.transport { path = path, body = body,
      headers = { authorization = authorization, traceid = trace_id,
        ["content-type"] = "application/json" },
      answer = function(_, code, said) status, text = code, said end,
      fail = function(_, reason, left) text, sent = reason, left end }
    return status, text, sent
  end
  local function pump()
    for _ = 1, 3 do assert(self.server.cq:step(0)) end
  end
  local function note(name, text) self.notes[name] = text or true end
  return { ask = ask, pump = pump, note = note }
end

function Bench:new_world()
  self.model = models.new(worlds.settings(self.world))
  self.notes = {}
  if self.server then self.server.world = self.model return end
  self.clock = clocks.new()
  self.transport = transports(self.model, self.clock)
  self.lab.set_time(EPOCH)
end

-- Runs one of the victim's functions; its text, or nil and a complaint.
function Bench:call(victim, name, armed)
  local ok, text = self.lab.call(victim, name, armed)
  if ok then return text end
  return nil, ("%s raised: %s"):format(name, tostring(text))
end

function Bench:judge_account(text)
  local account, world = judge.read(text), self.world
  local complaint = judge.account(account, worlds.ids, self.model.phones)
    or judge.kind(account, world)
  if complaint then return complaint end
  self.summary = judge.summary(account)
  if not world.jobs and not self.notes.also then
    return judge.attempts(account, #self.model.requests)
  end
end

-- What else the scenario told of.
function Bench:judge_notes()
  local journal, also, phones = self.notes.journal, self.notes.also, self.model.phones
  if journal then
    local account = judge.read(journal)
    local complaint = judge.account(account, worlds.ids, phones)
      or judge.attempts(account, #self.model.requests)
    if complaint then return "the journal: " .. complaint end
  end
  return also and judge.account(judge.read(also), worlds.more_ids_too, phones)
end

-- Whatever failed, the state goes on being of use.
function Bench:judge_ordinary(victim)
  self.model:set_plan(nil)
  local text, complaint = self:call(victim, "ordinary")
  complaint = complaint or judge.ordinary(text, worlds.more_ids, self.model.phones)
  return complaint and "an ordinary delete afterwards: " .. complaint
end

function Bench:perform(victim)
  local ran, why = self.lab.call(victim, "act", true)
  local refused = self.lab.refused()
  self.lab.arm("none", 0)
  if not ran and not why:find("not enough memory", 1, true) then return refused, why end
  local text, complaint
  if not ran and not (self.world.raises or self.world.bare) then
    text, complaint = self:call(victim, "act")
  end
  if not complaint then text, complaint = self:call(victim, "finish") end
  if complaint then return refused, complaint end
  self.summary = ""
  complaint = text ~= "" and self:judge_account(text) or self:judge_notes()
  return refused, complaint or self:judge_ordinary(victim)
end

-- What is left when the victim is closed: more than was left by the runs before. Less there may be,
-- where what libcurl keeps for the process was not made yet.
function Bench:judge_rest(victim)
  local bytes = self.lab.close(victim)
  if self.server then for _ = 1, 3 do assert(self.server.cq:step(0)) end end
  self.lab.join()
  local was, left, more = self.held, { bytes, self.lab.held() }, nil
  self.held = was and {} or left
  for i, name in ipairs { "bytes of Lua's", "blocks of the core's", "blocks of libcurl's",
    "descriptors" } do
    if was and left[i] > was[i] and not more then
      more = ("%d %s leak"):format(left[i] - was[i], name)
    end
    if was then self.held[i] = math.max(was[i], left[i]) end
  end
  return more
end

---Runs the scenario once. `n` 0: nothing fails.
---@return integer refused how many allocations failed
---@return string|nil complaint
---@return table<string, any> notes
function Bench:run(allocator, n, onwards)
  local lab = self.lab
  lab.limit(SECONDS_MAX)
  self:new_world()
  os.remove(self.folder:file "run.db")
  local victim = lab.open(self:onlooker(), package.path, package.cpath)
  local function load(source, name)
    local ok, why = lab.load(victim, source, name)
    if not ok then error(why, 0) end
  end
  load(self:facts() .. PRELUDE, "=victim.lua")
  load("scenario = (function() " .. SCENARIOS .. "\nend)()[scenario_name]", "=scenarios.lua")
  load("setup()", "=setup")
  lab.arm(n > 0 and allocator or "none", n, onwards)
  local refused, complaint = self:perform(victim)
  local left = self:judge_rest(victim)
  lab.limit(0)
  complaint = complaint or left
  return refused, complaint and complaint .. " [asked for by" .. lab.asker() .. "]", self.notes
end

---Where nothing fails all is as it should be; it warms up, too.
function Bench:warm_up()
  for _ = 1, 2 do
    local _, complaint = self:run("none", 0)
    if complaint then error("where nothing fails: " .. complaint, 0) end
    if not self.summary:find(self.world.expected, 1, true) then
      error(("where nothing fails: %q, not %q"):format(self.summary, self.world.expected), 0)
    end
  end
end

local case = {}

---@param lab table what lab.c gives
---@param world spec.torture.memory.World
---@param certificates spec.support.Certificates
---@param folder spec.support.Temporary
function case.bench(lab, world, certificates, folder)
  local self = setmetatable({ lab = lab, world = world, folder = folder,
    ca_file = certificates.ca_file }, Bench)
  if world.network then
    self.server = servers.new { tls = world.network == "tls" and certificates.good or nil }
    self.server:listen()
  end
  self:warm_up()
  return self
end

case.temporary, case.monotime = temporary, cqueues.monotime

return case
