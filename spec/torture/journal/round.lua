-- A run of the journal that is disturbed (killed at some moment, writes that fail) and then made
-- again, against a simulator with faults; afterwards what it says of each id is held against what
-- the service did. One seed is one round.

local geelark = require "geelark"
local shell = require "spec.support.shell"
local simulator = require "geelark.simulator"
local temporary = require "spec.support.temporary"

local STATES = { started = 43009, in_use = 43021, missing = 42001 }

---@class spec.torture.journal.Round
---@field service geelark.simulator.Process
---@field ids string[]
---@field findings string[] what was wrong
local Round = {}
Round.__index = Round

-- The source of a plan: about one request in six is lost before or after it was obeyed, cut, or met
-- by a gateway; those of one seed always the same.
local function faults(seed)
  return ([[
    local state = %d
    local kinds = { { close = "before" }, { close = "after" }, { cut = 20 }, { status = 502 },
      { refuse = 50000 }, { status = 524, act = true } }
    return function()
      state = (state * 16807) %% 2147483647
      return kinds[state %% 37]
    end
  ]]):format(seed * 7919 + 1)
end

---@param seed integer
---@param phones integer how many
---@return spec.torture.journal.Round
local function new(seed, phones)
  local round = setmetatable({ seed = seed, findings = {}, folder = temporary.new() }, Round)
  round.service = simulator.spawn {
    phones = phones, states = { started = 7, in_use = 5, missing = 9 }, plan = faults(seed),
    requests_per_minute = false, requests_per_hour = false,
  }
  round.ids = round.service:ids()
  round.folder:write("ids.txt", table.concat(round.ids, "\n") .. "\n")
  round.file = round.folder:file "run.db"
  round.states = round.service:world().phones
  return round
end

function Round:finding(text, ...)
  self.findings[#self.findings + 1] = ("seed %d: "):format(self.seed) .. text:format(...)
end

function Round:close()
  self.service:stop()
  self.folder:remove()
end

--- Runs the process, and returns the kind with which it ended; nil: it was killed.
---@param before string|nil a command before it, such as "timeout -s KILL 0.1s"
---@param environment string|nil more of it
function Round:run(before, environment)
  local lua = shell.lua_name()
  local command = ("GEELARK_BASE_URL=%s GEELARK_TOKEN=%s RUN_FOLDER=%s %s LUA_PATH=%s LUA_CPATH=%s "
    .. "%s %s spec/torture/journal/run.lua 2>%s"):format(self.service.url, self.service.token,
    self.folder.path, environment or "", shell.quote "lua/?.lua;./?.lua;;",
    shell.quote(("build/%s/?.so;;"):format(lua)), before or "", lua, self.folder:file "errors")
  local output = shell.output("{ " .. command .. "; } 2>/dev/null")
  self.account = {}
  for id, state, code in output:gmatch "(%S+)\t(%S+)\t(%S+)" do
    self.account[id] = { state = state, code = tonumber(code) }
  end
  return output:find "\nend$" and output:match "^%S+" or nil
end

--- What is in the file, by id; nil where it was never written.
function Round:read()
  local result = geelark.journal.read(self.file)
  if not result then return nil end
  local states = {}
  for id, state in geelark.outcomes(result) do states[id] = state end
  return states, result
end

local GONE = { deleted = true, presumed = true }

--- Notes what the file says now; what is gone by it must not be asked for again.
function Round:note()
  self.known = self:read() or {}
  self.asked_before = #self.service:requests()
end

function Round:check_not_asked_again()
  for n, request in ipairs(self.service:requests()) do
    if n > self.asked_before then
      for _, id in ipairs(request.ids) do
        local was = self.known[id]
        if GONE[was] then self:finding("%s was %s and is asked for again", id, was) end
      end
    end
  end
end

--- Holds an account against the world. `whole`: every id must have an answer.
function Round:check_account(account, whole)
  local world = self.service:world()
  for _, id in ipairs(self.ids) do
    local said, was, is = account[id], self.states[id], world.phones[id]
    local state = said and said.state
    if not state then
      self:finding("%s is on no account", id)
    elseif GONE[state] and is then
      self:finding("%s is said to be %s and is %s", id, state, is)
    elseif state == "deleted" and not was then
      self:finding("%s was deleted and never was there", id)
    elseif state == "failed" and was and not is then
      self:finding("%s failed and is gone", id)
    elseif state == "failed" and said.code ~= STATES[was or "missing"] then
      self:finding("%s failed with %s and is %s", id, said.code, tostring(was))
    elseif whole and (state == "unknown" or state == "pending") then
      self:finding("%s is %s at the end", id, state)
    end
  end
end

--- No request left that isn't in the file, but those of which the file says that they didn't.
function Round:check_requests()
  local _, result = self:read()
  local noted = {}
  for _, request in ipairs(result and result.requests or {}) do noted[request.traceId] = true end
  for _, request in ipairs(self.service:requests()) do
    local trace_id = request.traceId
    if not noted[trace_id] then self:finding("request %s isn't in the file", trace_id) end
  end
end

--- The whole of a round: disturbed once or twice, then left alone until it is whole.
---@param disturb fun(round: spec.torture.journal.Round, turn: integer): string|nil runs it
---@param turns integer
function Round:play(disturb, turns)
  for turn = 1, turns do
    self:note()
    local kind = disturb(self, turn)
    self:check_not_asked_again()
    self:check_requests()
    if kind then self:check_account(self.account, kind == "whole") end
  end
  for _ = 1, 5 do
    self:note()
    local kind = self:run()
    self:check_not_asked_again()
    self:check_requests()
    if kind == "whole" then
      self:check_account(self.account, true)
      return
    end
    if not kind then break end
  end
  self:finding("it never came to its end: %s", shell.read(self.folder:file "errors"))
end

return { new = new }
