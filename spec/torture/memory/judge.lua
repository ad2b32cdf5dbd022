-- What must hold of an account, whatever allocation failed: each complaint is a sentence.

local judge = {}

---An account as victim.lua tells it.
function judge.read(text)
  local account = { states = {}, order = {}, twice = {} }
  for line in text:gmatch "[^\n]+" do
    local word, one, two = line:match "^(%S+) (%S+) ?(%S*)$"
    if word == "kind" then account.kind = one
    elseif word == "attempts" then account.attempts = tonumber(one)
    elseif word == "total" then account.total, account.sum = tonumber(one), tonumber(two)
    elseif word == "twice" then account.twice[#account.twice + 1] = one
    else
      if account.states[one] then account.twice[#account.twice + 1] = one end
      account.states[one] = word
      account.order[#account.order + 1] = one
    end
  end
  return account
end

---"7 deleted, 1 failed"
function judge.summary(account)
  local counts, parts = {}, {}
  for _, state in pairs(account.states) do counts[state] = (counts[state] or 0) + 1 end
  for _, state in ipairs { "deleted", "failed", "pending", "presumed", "unknown" } do
    if counts[state] then parts[#parts + 1] = counts[state] .. " " .. state end
  end
  return table.concat(parts, ", ")
end

local GONE = { deleted = true, presumed = true }
local MAY_BE_GONE = { deleted = true, presumed = true, unknown = true }

---@param account table that judge.read made
---@param ids string[] that were asked for
---@param phones geelark.simulator.Phones of the service
---@return string|nil complaint
function judge.account(account, ids, phones)
  if account.twice[1] then return account.twice[1] .. " is in two states" end
  if account.total ~= #ids or account.sum ~= #ids then
    return ("the amounts say %s and %s of %d"):format(account.total, account.sum, #ids)
  end
  for n, id in ipairs(ids) do
    local state, is_gone = account.states[id], phones.deleted[id]
    if account.order[n] ~= id then return id .. " is not in its place" end
    if GONE[state] and not is_gone then return id .. " lives and is told " .. state end
    if is_gone and not MAY_BE_GONE[state] then return id .. " is gone and is told " .. state end
  end
end

-- What memory that is out may come to: libcurl tells of it as of trouble with the network.
local OF_MEMORY = { ["-"] = true, network = true, callback = true, timeout = true, tls = true }

---@return string|nil complaint
function judge.kind(account, world)
  if not OF_MEMORY[account.kind] and not world.kinds[account.kind] then
    return "kind " .. account.kind .. ", with " .. judge.summary(account)
  end
end

---@return string|nil complaint
function judge.attempts(account, requests)
  if requests > account.attempts then
    return ("%d requests on the wire, %d on the account"):format(requests, account.attempts)
  end
end

---All of them were deleted, at the first try.
---@return string|nil complaint
function judge.ordinary(text, ids, phones)
  local account = judge.read(text)
  local complaint = judge.account(account, ids, phones)
  if complaint then return complaint end
  if judge.summary(account) ~= #ids .. " deleted" then return judge.summary(account) end
end

return judge
