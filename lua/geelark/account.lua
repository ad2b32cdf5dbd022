-- What became of the ids of a delete, in words: one line for all, and one for each that was
-- not deleted.

local core = require "geelark.core"
local geelark = require "geelark"
local plain = require "geelark.plain"

-- In the order in which they are shown.
local OUTCOMES = { "deleted", "failed", "unknown", "pending" }

local TEXTS = {
  unknown = "unknown: asked for, but no reliable answer came; it may be deleted or not",
  pending = "pending: not processed",
}

---@class geelark.account.Left an id that was not deleted
---@field id string
---@field outcome "failed"|"unknown"|"pending"
---@field failure geelark.Failure|nil
---@field stopped boolean|nil whether a stop of its phone was accepted

---@class geelark.account.Account
---@field counts table<string, integer> by outcome
---@field left geelark.account.Left[]
---@field summary string one line
---@field reason string|nil why the delete stopped early

-- What helps; each command has a name of its own for the option stop_started.
local function remedy_of(code, stop_name)
  return (geelark.codes[code].remedy:gsub("stop_started", stop_name))
end

local function describe(failure, stop_name)
  local remedy = remedy_of(failure.code, stop_name)
  return ("failed: %s (%d %s%s)"):format(plain(failure.msg), failure.code,
    geelark.codes[failure.code].name, remedy ~= "" and "; " .. remedy or "")
end

local function list_left(result)
  local left, stopped = {}, {}
  for _, id in ipairs(result.stoppedIds) do stopped[id] = true end
  local function add(id, outcome, failure)
    left[#left + 1] = { id = id, outcome = outcome, failure = failure, stopped = stopped[id] }
  end
  for _, failure in ipairs(result.failDetails) do add(failure.id, "failed", failure) end
  for _, id in ipairs(result.unknownIds) do add(id, "unknown") end
  for _, id in ipairs(result.pendingIds) do add(id, "pending") end
  return left
end

-- The stopped ones are told apart from the others, of which they are a part.
local function summarize(counts, result, err)
  local presumed, stopped = #result.presumedIds, #result.stoppedIds
  local parts = {}
  for _, outcome in ipairs(OUTCOMES) do
    if counts[outcome] > 0 or outcome == "deleted" then
      local more = outcome == "deleted" and presumed > 0
        and (" (%d presumed)"):format(presumed) or ""
      parts[#parts + 1] = counts[outcome] .. " " .. outcome .. more
    end
  end
  local ended = err and err.kind ~= "cancelled" and "ended (" .. err.kind .. "): "
    or err and "cancelled: " or ""
  local too = stopped > 0 and ("; %d %s stopped"):format(stopped, stopped == 1 and "was" or "were")
    or ""
  return "geelark: " .. ended .. table.concat(parts, ", ") .. too
end

local account = { remedy = remedy_of }

---@param result geelark.Result|nil
---@param err geelark.Error|nil
---@return geelark.account.Account
function account.new(result, err)
  result = result or err.result
  local counts = { deleted = result.successAmount, failed = result.failAmount,
    unknown = #result.unknownIds, pending = #result.pendingIds }
  return {
    counts = counts, left = list_left(result),
    summary = summarize(counts, result, err),
    reason = err and err.kind ~= "cancelled" and plain(err.message) or nil,
  }
end

--- What went wrong, without the amounts with which the message ends.
---@param err geelark.Error
---@return string
function account.cause(err)
  return err.message:sub(1, -1 - #core.amounts(err))
end

---@param left geelark.account.Left
---@param stop_name string|nil how the option stop_started is written; default: as in Neovim
---@return string
function account.text(left, stop_name)
  local text = left.failure and describe(left.failure, stop_name or "++stop")
    or TEXTS[left.outcome]
  return text .. (left.stopped and "; a stop was accepted" or "")
end

return account
