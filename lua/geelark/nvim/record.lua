-- The account of a delete in the middle of which Neovim was left, as a file: the quickfix list
-- is gone then.

local record = {}

local function pattern(name)
  return vim.fn.stdpath "data" .. "/geelark-" .. name .. ".txt"
end

---@return string[] paths of all records, the oldest first
function record.list()
  return vim.fn.glob(pattern "*", true, true)
end

---@param account geelark.account.Account
---@return string|nil path
---@return string|nil why there is none
function record.write(account)
  local text = require("geelark.account").text
  local path = pattern(os.date "%Y%m%d-%H%M%S" .. "-" .. vim.fn.getpid())
  pcall(vim.fn.mkdir, vim.fn.fnamemodify(path, ":h"), "p") -- opening says why it couldn't
  local file, why = io.open(path, "w")
  if not file then return nil, why end
  file:write(account.summary, "\n", account.reason and account.reason .. "\n" or "")
  for _, left in ipairs(account.left) do file:write(left.id, "\t", text(left), "\n") end
  local written, trouble = file:close()
  return written and path or nil, trouble
end

return record
