-- Answers of status that leave somebody out, or contradict themselves in what they say of those that
-- went well. Their amounts add up. One that contradicts itself is a lost answer; who is left out, or of
-- whom nothing is said that is a status, is only asked for again.

local answer = require "geelark.simulator.answer"

local function text_of(reply) return answer.response(reply, {}).body end

local function any(list, random) return random:between(1, #list) end

-- Each takes what the service would truly say, which names somebody who went well; it returns what it
-- means, and of whom nothing is said.
local lies = {
  function(reply, random) -- left out
    local details, omitted = reply.data.successDetails, {}
    for _ = 1, any(details, random) do
      omitted[#omitted + 1] = table.remove(details, any(details, random)).id
    end
    return text_of(reply), "murky", omitted
  end,
  function(reply, random) -- no status at all
    local details = reply.data.successDetails
    local at = any(details, random)
    local id = details[at].id
    local status = random:pick { "null", "7", '"off"', "-1", "2.5", "true", "{}" }
    details[at].status = 987654321
    return (text_of(reply):gsub('"status":987654321', '"status":' .. status)), "murky", { id }
  end,
  function(reply, random) -- an entry without an id
    local details = reply.data.successDetails
    local omitted = table.remove(details, any(details, random)).id
    local entry = random:pick { '{"status":2}', '{"id":null,"status":2}', "null", "7", '"2"' }
    return text_of(reply):gsub('"successDetails":%[', '"successDetails":[' .. entry
      .. (details[1] and "," or ""), 1), "murky", { omitted }
  end,
  function(reply, random) -- named twice, and once as shut down
    local details = reply.data.successDetails
    local phone = details[any(details, random)]
    local other = phone.status == 2 and 0 or 2
    table.insert(details, any(details, random), { id = phone.id, serialName = "", status = other })
    return text_of(reply), "lost"
  end,
  function(reply, random) -- failed, and shut down
    local failure = reply.data.failDetails[1]
    if not failure then return nil end
    local details = reply.data.successDetails
    details[any(details, random)] = { id = failure.id, serialName = "", status = 2 }
    return text_of(reply), "lost"
  end,
  function(reply, random) -- nobody asked for it
    local details = reply.data.successDetails
    details[any(details, random)] = { id = "bystander1", serialName = "", status = 2 }
    return text_of(reply), "lost"
  end,
}

---@param reply table what the service truly says; it may be changed
---@param random table
---@return string body
---@return string class "lost" or "murky"
---@return string[]|nil omitted ids of which nothing is said
return function(reply, random)
  while true do
    local body, class, omitted = lies[any(lies, random)](reply, random)
    if body then return body, class, omitted end
  end
end
