-- Holds accounts against what really happened: the simulator's world once all is over.

local geelark = require "geelark"

---@class spec.torture.Call one list of ids that was deleted, in as many calls as it took
---@field kind string
---@field ids string[] that nobody else asks for
---@field outcomes table<string, { state: string, code: integer|nil }>|nil nil: the job was
---  dropped, so that nobody was told
---@field attempts integer|nil that the accounts tell of; nil where one of the calls has none

local judge = {}

local function append(list, text, ...)
  list[#list + 1] = text:format(...)
end

---Reads the account of a call that has ended.
---@param ids string[] without duplicates
---@param account geelark.Result|geelark.Error
---@param findings string[] to which it adds what is wrong in itself
---@return table outcomes
---@return integer attempts
function judge.read(ids, account, findings)
  local result, outcomes, count, attempts = account.result or account, {}, 0, 0
  for id, state, code in geelark.outcomes(account) do
    if outcomes[id] then append(findings, "%s has two outcomes", id) end
    outcomes[id], count = { state = state, code = code }, count + 1
    local given = tostring(ids[count])
    if id ~= given then append(findings, "%s stands where %s was given", id, given) end
  end
  if count ~= #ids or result.totalAmount ~= count or count ~= result.successAmount
    + result.failAmount + #result.unknownIds + #result.pendingIds then
    append(findings, "of %d ids the account tells of %d, in all %d", #ids, count,
      result.totalAmount)
  end
  for _, request in ipairs(result.requests) do attempts = attempts + request.attempts end
  return outcomes, attempts
end

-- What must not be, by state: the phone is there, or it was deleted.
local IMPOSSIBLE = {
  deleted = function(there, deleted) return there or not deleted end,
  presumed = function(there) return there end,
  pending = function(_, deleted) return deleted end,
  unknown = function() return false end,
  failed = function(there, deleted, code) return deleted or code == 42001 and there end,
}

local function seen_by(world)
  local seen = { deleted = {}, asked = {} }
  for _, request in ipairs(world.requests) do
    for _, id in ipairs(request.deleted) do seen.deleted[id] = true end
    local first = (request.ids or {})[1]
    if first then seen.asked[first] = (seen.asked[first] or 0) + 1 end
  end
  return seen
end

---@param calls spec.torture.Call[]
---@param world geelark.simulator.ServerState
---@return string[] findings
function judge.check(calls, world)
  local findings, seen = {}, seen_by(world)
  for _, call in ipairs(calls) do
    local requests = 0
    for _, id in ipairs(call.ids) do
      local outcome = call.outcomes and call.outcomes[id]
      local there, deleted = world.phones[id] ~= nil, seen.deleted[id] ~= nil
      if outcome and IMPOSSIBLE[outcome.state](there, deleted, outcome.code) then
        append(findings, "%s: %s is %s %s, and in truth %s", call.kind, id, outcome.state,
          outcome.code or "", deleted and "was deleted" or there and "is there" or "never was")
      end
      requests = requests + (seen.asked[id] or 0)
    end
    if call.attempts and requests > call.attempts then
      append(findings, "%s: the service saw %d requests, the account tells of %d", call.kind,
        requests, call.attempts)
    end
  end
  return findings
end

return judge
