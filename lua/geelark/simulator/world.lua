-- The simulated service without a socket: it takes a request and the time, and says what the
-- service would answer. A request comes in three steps, because a fault may hold it up between
-- them: it arrives and is let in or refused, the service acts, and the answer leaves.

local body = require "geelark.simulator.body"
local calls = require "geelark.simulator.calls"
local check = require "geelark.simulator.check"
local credentials = require "geelark.simulator.credentials"
local limits = require "geelark.simulator.limits"
local messages = require "geelark.simulator.messages"
local phones = require "geelark.simulator.phones"
local plans = require "geelark.simulator.plan"

---@class geelark.simulator.Request
---@field method string
---@field path string
---@field headers table<string, string> names in lower case
---@field body string

---@class geelark.simulator.Record the journal's entry for one request
---@field number integer counted from 1
---@field time number of arrival, seconds since the epoch
---@field connection integer|nil which connection it came over, counted from 1
---@field method string
---@field path string
---@field traceId string|nil
---@field ids any[]|nil as they stood in the body
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
---@field phones geelark.simulator.Phones
---@field requests geelark.simulator.Record[] the journal
---@field inFlight integer
---@field maxInFlight integer
local World = {}
World.__index = World

local function call_of(request)
  return request.method == "POST" and calls[request.path] or nil
end

-- The gate, in the order of a service: who it is, how much at once, how often.
local function gate(self, record, request, now)
  local code, why = self.credentials:refusal(request.headers, now)
  if code then return code, why end
  if self.max_in_flight and record.inFlight > self.max_in_flight then
    return 40017, messages[40017]
  end
  return self.limits:refusal(request.path, now)
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
    path = request.path,
    traceId = request.headers.traceid,
    inFlight = self.inFlight,
    acted = false,
    deleted = {},
  }
  self.requests[record.number] = record
  local call = call_of(request)
  if call then
    local ids, code, why, refused_ids = body(request, call.most, self.bad_ids)
    record.ids = ids or refused_ids
    record.refusal, record.why = gate(self, record, request, now)
    if not record.refusal then record.refusal, record.why = code, why end
  end
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

local function batch_code(self, data)
  if data.failAmount == 0 or not self.batch_codes then return 0 end
  return data.successAmount == 0 and 40009 or 40006
end

local function batch(self, record, call, now)
  local failures, successes = {}, {}
  for _, id in ipairs(record.ids) do
    local code, success = call.act(self.phones, id, now, record)
    if code then
      failures[#failures + 1] = { code = code, id = id, msg = messages[code] }
    elseif success then
      successes[#successes + 1] = success
    end
  end
  return {
    totalAmount = #record.ids,
    successAmount = #record.ids - #failures,
    failAmount = #failures,
    failDetails = failures,
    successDetails = call.lists_successes and successes or nil,
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
  local call = calls[record.path]
  if not call then return { status = 404, text = "404 page not found\n" } end
  if record.method ~= "POST" then
    return { status = 405, text = "405 method not allowed\n" }
  end
  if record.refusal then return self:envelope(record, record.refusal, record.why) end
  local data = batch(self, record, call, now)
  record.acted = true
  local answer = self:envelope(record, batch_code(self, data))
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

---@class geelark.simulator.WorldOptions
---@field phones integer|string[]|table<string, geelark.simulator.State>|nil default 0
---@field states table<string, integer>|nil see geelark.simulator.PhonesOptions
---@field stop_seconds number|nil until a stop takes effect; default 30
---@field token string|nil bearer token that is accepted
---@field app_id string|nil with `api_key`: the pair that is accepted
---@field api_key string|nil
---@field clock_tolerance number|nil seconds that `ts` may be off; default 300
---@field minute number|nil length of the service's minute in seconds; default 60
---@field requests_per_minute integer|nil for each API; default 200
---@field requests_per_hour integer|nil for each API; default 24000
---@field max_in_flight integer|nil more at once are refused with 40017; default: none is
---@field bad_ids string[]|nil ids for which a whole request is refused with 40004
---@field plan geelark.simulator.Fault[]|geelark.simulator.PlanFunction|string|nil faults
---@field batch_codes boolean|nil whether 40006 and 40009 stand on the envelope of a batch
---  that failed in part or whole; default false: 0 stands there whatever failed

---Field → type of the options that `new` takes.
world.options = {
  phones = "number|table", states = "table", stop_seconds = "number",
  token = "string", app_id = "string", api_key = "string", clock_tolerance = "number",
  minute = "number", requests_per_minute = "number", requests_per_hour = "number",
  max_in_flight = "number", bad_ids = "table", batch_codes = "boolean",
  plan = "function|table|string",
}

local function set_of(list)
  local set = {}
  for _, value in ipairs(list) do set[value] = true end
  return set
end

---@param options geelark.simulator.WorldOptions
---@return geelark.simulator.World
function world.new(options)
  check("options", options, world.options)
  if (options.app_id == nil) ~= (options.api_key == nil) then
    error("options: app_id and api_key go together", 0)
  end
  return setmetatable({
    phones = phones.new {
      phones = options.phones or 0,
      states = options.states,
      stop_seconds = options.stop_seconds or 30,
    },
    credentials = credentials.new {
      token = options.token,
      app_id = options.app_id,
      api_key = options.api_key,
      tolerance = options.clock_tolerance or 300,
    },
    limits = limits.new {
      per_minute = options.requests_per_minute or 200,
      per_hour = options.requests_per_hour or 24000,
      minute = options.minute or 60,
    },
    max_in_flight = options.max_in_flight,
    plan = plans.new(options.plan),
    bad_ids = set_of(options.bad_ids or {}),
    batch_codes = options.batch_codes or false,
    requests = {},
    inFlight = 0,
    maxInFlight = 0,
  }, World)
end

return world
