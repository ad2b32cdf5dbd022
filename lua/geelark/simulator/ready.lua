-- Answers to return from a transport of one's own: status and body.

local answer = require "geelark.simulator.answer"
local check = require "geelark.simulator.check"
local messages = require "geelark.simulator.messages"
local phones = require "geelark.simulator.phones"

local CODES = { missing = true }
for state in pairs(phones.STATES) do CODES[state] = phones.refusal(state) and true end

local function write(code, msg, data)
  local response = answer.response(
    { status = 200, code = code, msg = msg or messages[code] or "error",
      traceId = "", data = data },
    {})
  return response.status, response.body
end

local function data_of(total, failures)
  return { totalAmount = total, successAmount = total - #failures, failAmount = #failures,
    failDetails = failures }
end

-- A state's name or a code, as the code.
local function code_of(id, why)
  if type(why) == "number" then return why end
  check.choice("failures." .. tostring(id), why, CODES)
  return phones.refusal(why)
end

local ready = {}

---All of them are deleted.
---@param ids string[]|integer those that were asked for, or how many
---@return integer status, string body
function ready.success(ids)
  local amount = type(ids) == "table" and #ids or ids
  if type(amount) ~= "number" then error("success: ids or their number expected", 0) end
  return write(0, nil, data_of(amount, {}))
end

-- The ids of `states` in order; where it is known what was asked for, those of it.
local function failing_ids(states, ids)
  local failing = {}
  for _, id in ipairs(ids or {}) do
    if states[id] ~= nil then failing[#failing + 1] = id end
  end
  if ids then return failing end
  for id in pairs(states) do failing[#failing + 1] = id end
  table.sort(failing)
  return failing
end

---Some can't be deleted, the others are.
---@param states table<string, geelark.simulator.State|"missing"|integer> by id: the state that it
---  is in, or the code with which it fails
---@param ids string[]|nil those that were asked for, of which only those in `states` fail; default:
---  the ids of `states`
---@return integer status, string body
function ready.failures(states, ids)
  if type(states) ~= "table" then error("failures: table of states by id expected", 0) end
  if ids ~= nil and type(ids) ~= "table" then error("failures: list of ids expected", 0) end
  local codes, failures = {}, {}
  for id, why in pairs(states) do
    if type(id) ~= "string" then error("failures: strings as ids expected", 0) end
    codes[id] = code_of(id, why)
  end
  for i, id in ipairs(failing_ids(states, ids)) do
    failures[i] = { id = id, code = codes[id], msg = messages[codes[id]] or "error" }
  end
  return write(0, nil, data_of(ids and #ids or #failures, failures))
end

---The request is refused as a whole.
---@param code integer such as 40014
---@param msg string|nil default: the code's own
---@return integer status, string body
function ready.refusal(code, msg)
  if type(code) ~= "number" then error("refusal: code expected, such as 40014", 0) end
  return write(code, msg)
end

return ready
