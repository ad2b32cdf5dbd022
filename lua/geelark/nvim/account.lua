-- What became of the ids of a delete, in words: one line for all, and one for each that was
-- not deleted.

local geelark = require "geelark"

-- In the order in which they are shown.
local OUTCOMES = { "deleted", "failed", "unknown", "pending" }

local TEXTS = {
  unknown = "unknown: asked for, but no reliable answer came; it may be deleted or not",
  pending = "pending: not processed",
}

---@class geelark.nvim.Left an id that was not deleted
---@field id string
---@field outcome "failed"|"unknown"|"pending"
---@field failure geelark.Failure|nil

---@class geelark.nvim.Account
---@field counts table<string, integer> by outcome
---@field left geelark.nvim.Left[]
---@field summary string one line
---@field reason string|nil why the delete stopped early

-- No control character of what came from outside.
local function plain(text)
  return (text:gsub("%c", " "))
end

local function describe(failure)
  local code = geelark.codes[failure.code]
  local remedy = code.remedy ~= "" and "; " .. code.remedy or ""
  return ("failed: %s (%d %s%s)"):format(plain(failure.msg), failure.code, code.name, remedy)
end

local function list_left(result)
  local left = {}
  for _, failure in ipairs(result.failDetails) do
    left[#left + 1] = { id = failure.id, outcome = "failed", failure = failure }
  end
  for _, id in ipairs(result.unknownIds) do left[#left + 1] = { id = id, outcome = "unknown" } end
  for _, id in ipairs(result.pendingIds) do left[#left + 1] = { id = id, outcome = "pending" } end
  return left
end

local function summarize(counts, presumed, err)
  local parts = {}
  for _, outcome in ipairs(OUTCOMES) do
    if counts[outcome] > 0 or outcome == "deleted" then
      local more = outcome == "deleted" and presumed > 0
        and (" (%d presumed)"):format(presumed) or ""
      parts[#parts + 1] = counts[outcome] .. " " .. outcome .. more
    end
  end
  local stopped = err and err.kind ~= "cancelled" and "stopped (" .. err.kind .. "): "
    or err and "cancelled: " or ""
  return "geelark: " .. stopped .. table.concat(parts, ", ")
end

local account = {}

---@param result geelark.Result|nil
---@param err geelark.Error|nil
---@return geelark.nvim.Account
function account.new(result, err)
  result = result or err.result
  local counts = { deleted = result.successAmount, failed = result.failAmount,
    unknown = #result.unknownIds, pending = #result.pendingIds }
  return {
    counts = counts, left = list_left(result),
    summary = summarize(counts, #result.presumedIds, err),
    reason = err and err.kind ~= "cancelled" and plain(err.message) or nil,
  }
end

---@param left geelark.nvim.Left
---@return string
function account.text(left)
  return left.failure and describe(left.failure) or TEXTS[left.outcome]
end

return account
