-- geelark simulate

local results = require "geelark.cli.results"
local simulator = require "geelark.simulator"
local status = require "geelark.cli.status"

local STATES = { "started=5" } -- where no other is asked for

local function read_states(words, phones)
  local states = {}
  for _, word in ipairs(#words > 0 and words or phones >= 5 and STATES or {}) do
    local name, count = word:match "^([%l_]+)=(%d+)$"
    if not name then return nil, ("--state NAME=N is expected, got %s"):format(word) end
    states[name] = tonumber(count)
  end
  return states
end

local function print_ids(count)
  local made, ids = pcall(simulator.ids, count)
  if not made then return status.usage(ids) end
  return (results(function(output)
    for _, id in ipairs(ids) do output:write(id .. "\n") end
  end, status.DONE))
end

---@param given table arguments
---@return integer status
return function(given)
  local states, why = read_states(given.state, given.phones)
  if not states then return status.usage(why) end
  if given.ids then return print_ids(given.phones) end
  local served, trouble = pcall(simulator.main, { phones = given.phones, states = states,
    port = given.port, tls = given.tls, log = given.log })
  if served then return status.DONE end
  return status.usage((tostring(trouble):gsub("^[^\n:]+:%d+: ", "")))
end
