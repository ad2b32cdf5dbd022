-- Answers that contradict themselves, so that a client can see that they are not to be believed.
-- A lie that adds up can be seen through by nobody, and none is told here: each claims what its
-- own parts, or the request, deny.

local answer = require "geelark.simulator.answer"

local function text_of(reply, fault)
  return answer.response(reply, fault or {}).body
end

local function amounts(data, total, success, failed)
  return { amounts = { totalAmount = data.totalAmount + total,
    successAmount = data.successAmount + success, failAmount = data.failAmount + failed } }
end

local function add_failure(data, id, code)
  table.insert(data.failDetails, { code = code, id = id, msg = "env is started" })
end

-- A neighbour of an id that was asked for, which as a double is the same.
local function neighbour(ids, random)
  local id = ids[random:between(1, #ids)]
  return id:find "^%d+$" and id:sub(1, -2) .. (id:sub(-1) == "9" and "8" or "9") or id .. "0"
end

local function is_among(id, ids)
  for _, other in ipairs(ids) do
    if other == id then return true end
  end
  return false
end

-- Each takes what the service would truly say, and returns the body that it says instead, or
-- nothing where the lie doesn't fit.
local lies = {
  function(reply) return text_of(reply, amounts(reply.data, 1, 1, 0)) end,
  function(reply) return text_of(reply, amounts(reply.data, -1, -1, 0)) end,
  function(reply) return text_of(reply, amounts(reply.data, 0, 1, 0)) end,
  function(reply) return text_of(reply, amounts(reply.data, 0, -1, 1)) end,
  function(reply) return text_of(reply, amounts(reply.data, 1, 0, 1)) end,
  function(reply, call, random) -- an id that was not asked for, in amounts that agree
    local stranger = neighbour(call.ids, random)
    if is_among(stranger, call.ids) then return nil end
    local fault = amounts(reply.data, 0, -1, 1)
    add_failure(reply.data, stranger, 43009)
    fault.integer_ids = random:chance(0.5)
    return text_of(reply, fault)
  end,
  function(reply) -- an id named twice
    local first = reply.data.failDetails[1]
    if not first or reply.data.successAmount == 0 then return nil end
    local fault = amounts(reply.data, 0, -1, 1)
    add_failure(reply.data, first.id, first.code)
    return text_of(reply, fault)
  end,
  function(reply, _, random) -- failures that nobody is named for
    if reply.data.failAmount == 0 then return nil end
    return text_of(reply, { fail_details = random:pick { "null", "absent", "empty" } })
  end,
  function(reply) -- one failure too few is named
    if not table.remove(reply.data.failDetails) then return nil end
    return text_of(reply)
  end,
  function(reply) -- an id that failed, written as no id can be
    local body, count = text_of(reply)
      :gsub('"code":(%d+),"id":"(%d)(%d+)"', '"code":%1,"id":%2.%3e17', 1)
    return count == 1 and body or nil
  end,
  function(reply) reply.data = nil return text_of(reply) end,
  function(reply) reply.data = nil return text_of(reply, { code = 40006 }) end,
  function(reply) return (text_of(reply):gsub('"data":.*$', '"data":"done"}')) end,
  function(reply) return (text_of(reply):gsub('"data":.*$', '"data":{}}')) end,
  function(reply) return (text_of(reply):gsub('"successAmount":%d+', '"successAmount":-1')) end,
  function(reply) return (text_of(reply):gsub('"successAmount":%d+', '"successAmount":0.5')) end,
  function(reply) return (text_of(reply):gsub('"totalAmount":%d+', '"totalAmount":NaN')) end,
  function(reply) return (text_of(reply):gsub('"totalAmount":%d+', '"totalAmount":null')) end,
  function(reply) return (text_of(reply):gsub('"code":%d+,', "", 1)) end,
  function(reply) return (text_of(reply):gsub('"code":%d+,', '"code":null,', 1)) end,
  function(reply) local body = text_of(reply) return body .. body end,
  function(reply, _, random)
    local body = text_of(reply)
    return body:sub(1, random:between(1, #body - 1))
  end,
}

---@param reply table what the service truly says; it may be changed
---@param call table
---@param random table
---@return string body
return function(reply, call, random)
  local body
  repeat body = lies[random:between(1, #lies)](reply, call, random) until body
  return body
end
