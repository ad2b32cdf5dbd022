-- The service's answer in pieces that can be broken one by one. Each value is the text of JSON that
-- stands for it, so that anything can be put in its place.

local HEADERS = "Content-Type: application/json\r\n"

local answer = {}

-- An entry of failDetails.
local function entry(detail)
  return ('{"code":%s,"id":%s,"msg":%s}'):format(detail.code, detail.id, detail.msg)
end

-- The honest answer to a request for `amount` ids of which `failed` were refused.
function answer.new(trace_id, amount, failed)
  local made = { code = "0", msg = '"success"', trace_id = '"' .. trace_id .. '"',
    total = tostring(amount), success = tostring(amount - #failed), fail = tostring(#failed),
    details = {} }
  for i, detail in ipairs(failed) do
    made.details[i] = { code = tostring(detail.code), id = '"' .. detail.id .. '"',
      msg = '"' .. detail.msg .. '"' }
  end
  return made
end

-- What status says of the phones besides.
function answer.add_seen(made, seen)
  made.seen = {}
  for i, phone in ipairs(seen) do
    made.seen[i] = ('{"id":"%s","serialName":"phone","status":%d}'):format(phone.id, phone.status)
  end
end

-- A refusal as a whole.
function answer.refusal(trace_id, code, msg)
  return { code = tostring(code), msg = '"' .. (msg or "refused") .. '"',
    trace_id = '"' .. trace_id .. '"', data = "null" }
end

-- The list of failDetails as JSON.
function answer.details(made)
  local entries = {}
  for i, detail in ipairs(made.details) do
    entries[i] = type(detail) == "table" and entry(detail) or detail
  end
  return "[" .. table.concat(entries, ",") .. "]"
end

-- A field whose value is false is left out.
local function fields(list)
  local written = {}
  for _, pair in ipairs(list) do
    if pair[2] then written[#written + 1] = ('"%s":%s'):format(pair[1], pair[2]) end
  end
  return "{" .. table.concat(written, ",") .. "}"
end

function answer.json(made)
  local details = made.details
  if type(details) == "table" then details = answer.details(made) end
  return fields {
    { "code", made.code }, { "msg", made.msg }, { "traceId", made.trace_id },
    { "data", made.data or fields { { "totalAmount", made.total },
      { "successAmount", made.success }, { "failAmount", made.fail },
      { "failDetails", details },
      { "successDetails", made.seen and "[" .. table.concat(made.seen, ",") .. "]" } } },
  }
end

-- Status line, headers with the empty line at their end, and body.
function answer.http(body, status, headers)
  return ("HTTP/1.1 %s\r\n"):format(status or "200 OK"),
    ("%s%sContent-Length: %d\r\n\r\n"):format(HEADERS, headers or "", #body), body
end

return answer
