-- What was not deleted as a quickfix list, at the lines that it came from.

local TYPES = { failed = "E", unknown = "W", pending = "I" }

---@param account geelark.nvim.Account
---@param places geelark.nvim.Places
return function(account, places)
  local items = {}
  if account.reason then items[1] = { text = account.reason, type = "E" } end
  for _, left in ipairs(account.left) do
    local line = places:line(left.id)
    items[#items + 1] = {
      bufnr = line and places.buffer, lnum = line, type = TYPES[left.outcome],
      text = left.id .. " " .. left.text,
    }
  end
  vim.fn.setqflist({}, " ", { title = account.summary, items = items })
end
