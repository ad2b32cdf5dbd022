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

---Some can't be deleted, the others are.
---@param states table<string, geelark.simulator.State|"missing"|integer> by id: the state that it
---  is in, or the code with which it fails
---@param ids string[]|nil those that were asked for; default: the ids of `states` alone
---@return integer status, string body
function ready.failures(states, ids)
  if type(states) ~= "table" then error("failures: table of states by id expected", 0) end
  local names, failures = {}, {}
  for id in pairs(states) do names[#names + 1] = id end
  table.sort(names)
  for i, id in ipairs(names) do
    local code = code_of(id, states[id])
    failures[i] = { id = id, code = code, msg = messages[code] or "error" }
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
