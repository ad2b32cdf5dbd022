-- The simulated service without a socket: it takes a request and the time, and says what the
-- service would answer. A request comes in three steps, because a fault may hold it up between
-- them: it arrives and is let in or refused, the service acts, and the answer leaves.

local body = require "geelark.simulator.body"
local calls = require "geelark.simulator.calls"
local credentials = require "geelark.simulator.credentials"
local limits = require "geelark.simulator.limits"
local logs = require "geelark.simulator.log"
local messages = require "geelark.simulator.messages"
local options = require "geelark.simulator.options"
local phones = require "geelark.simulator.phones"
local plans = require "geelark.simulator.plan"

---@class geelark.simulator.Request
---@field method string
---@field path string with or without a query, which is passed over
---@field headers table<string, string> names in lower case
---@field body string

---@class geelark.simulator.Record the journal's entry for one request
---@field number integer counted from 1
---@field time number of arrival, seconds since the epoch
---@field connection integer|nil which connection it came over, counted from 1
---@field method string
---@field path string without a query
---@field traceId string|nil
---@field ids string[]|nil that stood in the body
---@field inFlight integer requests in flight, this one included
---@field refusal integer|nil code with which the gate refused it
---@field why string|nil it was refused
---@field acted boolean whether the service did what was asked
---@field deleted string[] phones that it deleted
---@field fault geelark.simulator.Fault|nil the plan's entry
---@field code integer|nil on the envelope, once answered
---@field status integer|nil of HTTP, once answered

---@class geelark.simulator.Answer
---@field status integer of HTTP
---@field text string|nil body of an answer that is no envelope
---@field code integer|nil
---@field msg string|nil
---@field traceId string|nil
---@field data table|nil

---@class geelark.simulator.World
---@field settings geelark.simulator.Options all of them
---@field phones geelark.simulator.Phones
---@field requests geelark.simulator.Record[] the journal
---@field inFlight integer
---@field maxInFlight integer
local World = {}
World.__index = World

-- The gate, in the order of a service: who it is, how much at once, how often.
local function gate(self, record, request, now)
  local code, why = self.credentials:refusal(request.headers, now)
  if code then return code, why end
  local most = self.settings.max_in_flight
  if most and record.inFlight > most then return 40017, messages[40017] end
  return self.limits:refusal(record.path, now)
end

-- Reads what is asked for into the record, and says whether it is refused.
local function read(self, record, call, request, now)
  local decoded, code, why = body.decode(request, self.settings)
  if decoded then code, why = call.read(decoded, record, self.settings) end
  record.refusal, record.why = gate(self, record, request, now)
  if not record.refusal then record.refusal, record.why = code, why or code and messages[code] end
end

-- What goes wrong with a request. A plan that raises is a fault, too.
local function next_fault(self, record)
  local planned, fault = pcall(self.plan.next, self.plan, record)
  if planned then return fault end
  local trouble = "the plan is wrong: " .. tostring(fault)
  return { status = 500, body = trouble }, trouble
end

---A request has arrived: it is counted, entered into the journal and let in or refused.
---@param request geelark.simulator.Request
---@param now number seconds since the epoch
---@return geelark.simulator.Record
---@return geelark.simulator.Fault fault empty where nothing goes wrong
---@return string|nil trouble with the plan
function World:arrive(request, now)
  self.inFlight = self.inFlight + 1
  self.maxInFlight = math.max(self.maxInFlight, self.inFlight)
  local record = {
    number = #self.requests + 1,
    time = now,
    method = request.method,
    path = request.path:match "^[^?]*",
    traceId = request.headers.traceid,
    inFlight = self.inFlight,
    acted = false,
    deleted = {},
  }
  self.requests[record.number] = record
  local call = request.method == "POST" and calls.find(record.path)
  if call then read(self, record, call, request, now) end
  local fault, trouble = next_fault(self, record)
  if next(fault) then record.fault = fault end
  return record, fault, trouble
end

---Sets another plan of faults; its first entry is for the next request.
---@param plan geelark.simulator.Fault[]|geelark.simulator.PlanFunction|string|nil
function World:set_plan(plan)
  self.plan = plans.new(plan)
end

---An answer that is the envelope alone.
---@param record geelark.simulator.Record
---@param code integer
---@param msg string|nil default: the code's own
---@return geelark.simulator.Answer
function World:envelope(record, code, msg) -- luacheck: no self
  return {
    status = 200, code = code, msg = msg or messages[code] or "error",
    traceId = record.traceId or "",
  }
end

---Does what the request asks for, if the gate let it in and the fault doesn't prevent it.
---@param record geelark.simulator.Record
---@param now number seconds since the epoch
---@param fault geelark.simulator.Fault|nil
---@return geelark.simulator.Answer
function World:act(record, now, fault)
  if fault and not plans.acts(fault) then
    return self:envelope(record, fault.refuse or fault.code or 50000)
  end
  local call = calls.find(record.path)
  if not call then return { status = 404, text = "404 page not found\n" } end
  if record.method ~= "POST" then
    return { status = 405, text = "405 method not allowed\n" }
  end
  if record.refusal then return self:envelope(record, record.refusal, record.why) end
  local data, code = call.answer(self, record, now)
  record.acted = true
  local answer = self:envelope(record, code)
  answer.data = data
  return answer
end

---A request is no longer in flight.
---@param record geelark.simulator.Record
---@param status integer|nil of HTTP; nil where it was left without an answer
---@param code integer|nil on the envelope; nil where there was none
function World:leave(record, status, code)
  self.inFlight = self.inFlight - 1
  record.status, record.code = status, code
  if self.settings.log then io.stderr:write(logs.line(record), "\n") end
end

---What became of a phone.
---@param id string
---@param now number seconds since the epoch
---@return geelark.simulator.State|"deleted"|nil state nil where there never was such a phone
function World:phone(id, now)
  return self.phones:state(id, now) or self.phones.deleted[id] and "deleted" or nil
end

---Puts a phone into a state, or makes it.
---@param id string
---@param state geelark.simulator.State|"missing" "missing" takes it away
function World:set(id, state)
  if state == nil then error("phones." .. tostring(id) .. ": state expected, got nil", 0) end
  self.phones:set(id, state ~= "missing" and state or nil)
end

---@class geelark.simulator.WorldState
---@field phones table<string, geelark.simulator.State> those that are left
---@field phoneCount integer
---@field requests geelark.simulator.Record[]
---@field inFlight integer
---@field maxInFlight integer the most that were in flight at once

---@param now number seconds since the epoch
---@return geelark.simulator.WorldState
function World:state(now)
  local left, count = self.phones:all(now)
  return {
    phones = left,
    phoneCount = count,
    requests = self.requests,
    inFlight = self.inFlight,
    maxInFlight = self.maxInFlight,
  }
end

local world = {}

local function set_of(list)
  local set = {}
  for _, value in ipairs(list) do set[value] = true end
  return set
end

---@param given geelark.simulator.Options|nil
---@return geelark.simulator.World world raises where an option is wrong
function world.new(given)
  local settings = options.read(given)
  settings.is_bad = set_of(settings.bad_ids or {})
  return setmetatable({
    settings = settings,
    phones = phones.new(settings),
    credentials = credentials.new(settings),
    limits = limits.new(settings),
    plan = plans.new(settings.plan),
    requests = {},
    inFlight = 0,
    maxInFlight = 0,
  }, World)
end

return world
