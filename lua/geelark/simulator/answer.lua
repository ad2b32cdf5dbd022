-- From the world's answer to a response, with the faults that lie in it: another status, ids
-- as integers, numbers as strings, details left out, amounts that don't add up. The text is
-- put together here and not by cjson, which would make doubles of the ids.

local need = require "geelark.simulator.need"
local cjson = need("cjson", "lua-cjson")

local text = cjson.new().encode

local function number(value, fault)
  local digits = ("%.0f"):format(value)
  return fault.string_numbers and text(digits) or digits
end

local function id_text(id, fault)
  if fault.integer_ids and id:find "^[1-9]%d*$" then return id end
  return text(id)
end

local function failures(data, fault)
  if fault.fail_details == "null" then return "null" end
  local written = {}
  for i, failure in ipairs(fault.fail_details and {} or data.failDetails) do
    written[i] = ('{"code":%s,"id":%s,"msg":%s}')
      :format(number(failure.code, fault), id_text(failure.id, fault), text(failure.msg))
  end
  if fault.stranger then
    written[#written + 1] = ('{"code":%s,"id":%s,"msg":"env not found"}')
      :format(number(42001, fault), id_text(fault.stranger, fault))
  end
  return "[" .. table.concat(written, ",") .. "]"
end

local function successes(data, fault)
  local written = {}
  for i, phone in ipairs(data.successDetails) do
    written[i] = ('{"id":%s,"serialName":%s,"status":%s}')
      :format(id_text(phone.id, fault), text(phone.serialName),
        number(phone.status, fault))
  end
  return "[" .. table.concat(written, ",") .. "]"
end

-- What the calls for several phones answer; anything else is written as it is.
local function data_text(data, fault)
  if not data.totalAmount then return text(data) end
  local members = {}
  for i, name in ipairs { "totalAmount", "successAmount", "failAmount" } do
    local amount = fault.amounts and fault.amounts[name] or data[name]
    members[i] = ('"%s":%s'):format(name, number(amount, fault))
  end
  if fault.fail_details ~= "absent" then
    members[#members + 1] = '"failDetails":' .. failures(data, fault)
  end
  if data.successDetails then
    members[#members + 1] = '"successDetails":' .. successes(data, fault)
  end
  return "{" .. table.concat(members, ",") .. "}"
end

local function envelope(answer, fault)
  local members = {
    '"traceId":' .. text(answer.traceId),
    '"code":' .. number(fault.code or answer.code, fault),
    '"msg":' .. text(fault.msg or answer.msg),
  }
  if answer.data then members[4] = '"data":' .. data_text(answer.data, fault) end
  return "{" .. table.concat(members, ",") .. "}"
end

-- The body, its type, and the code on its envelope; no code where it has none.
local function body_of(reply, fault)
  if fault.body then return fault.body, "application/json" end
  if fault.status and not fault.refuse and not fault.code then return "", "text/plain" end
  if reply.text then return reply.text, "text/plain" end
  local body = envelope(reply, fault)
  local missing = (fault.huge or 0) - #body
  if missing > 0 then body = body .. (" "):rep(missing) end
  return body, "application/json", fault.code or reply.code
end

local answer = {}

---@class geelark.simulator.Response
---@field status integer of HTTP
---@field headers table<string, string>
---@field body string
---@field code integer|nil on the envelope; nil where the body is none

---@param reply geelark.simulator.Answer
---@param fault geelark.simulator.Fault
---@return geelark.simulator.Response
function answer.response(reply, fault)
  local body, content_type, code = body_of(reply, fault)
  local headers = { ["Content-Type"] = content_type }
  for name, value in pairs(fault.headers or {}) do headers[name] = value end
  return { status = fault.status or reply.status, headers = headers, body = body, code = code }
end

return answer
