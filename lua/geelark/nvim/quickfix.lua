-- What was not deleted as a quickfix list, at the lines that it came from. It is filled by
-- and by, so that the editor goes on meanwhile.

local texts = require "geelark.account"

local TYPES = { failed = "E", unknown = "W", pending = "I" }
local AT_ONCE = 500 -- entries

local function item_of(left, places)
  local line = places:line(left.id)
  return {
    bufnr = line and places.buffer, lnum = line, type = TYPES[left.outcome],
    text = left.id .. " " .. texts.text(left),
  }
end

local function items_of(list, first, places)
  local items = {}
  for i = first, math.min(first + AT_ONCE - 1, #list) do
    items[#items + 1] = item_of(list[i], places)
  end
  return items
end

---@param account geelark.account.Account
---@param places geelark.nvim.Places
---@param filled fun(why: string|nil) called when the list is complete, or why it can't be
return function(account, places, filled)
  local reason = { { text = account.reason, type = "E" } }
  vim.fn.setqflist({}, " ", { title = account.summary, items = account.reason and reason or {} })
  local list = vim.fn.getqflist({ id = 0 }).id -- others may put theirs on top

  local function add(first)
    vim.fn.setqflist({}, "a", { id = list, items = items_of(account.left, first, places) })
  end

  local function fill(first)
    if first > #account.left then return filled() end
    local added, why = pcall(add, first)
    if not added then return filled(tostring(why)) end
    vim.defer_fn(function() fill(first + AT_ONCE) end, 1)
  end
  fill(1)
end
