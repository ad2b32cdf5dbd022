-- Reads ids from lines or arguments. Each holds one id, with nothing but white space, commas
-- and a pair of quotes around it. Whatever else there is could be meant otherwise, and isn't
-- guessed.

local SHOWN = 40 -- characters of a line in a message

---@class geelark.nvim.Ids
---@field list string[] each id once
---@field lines table<string, integer> by id: the line, or argument, where it was read first
---@field repeated integer ids that stood somewhere before

local reader = {}

--- The id in a text.
---@param text string
---@return string|nil id
---@return boolean empty
function reader.id(text)
  local is_id = require("geelark.core").is_id
  if is_id(text) then return text, false end -- most lines
  local word = text:match "^[%s,]*(.-)[%s,]*$"
  local _, quoted = word:match "^(['\"])(.*)%1$"
  local id = quoted or word
  if is_id(id) then return id, false end
  return nil, text:find "%S" == nil
end

local function shortened(text)
  local shown = vim.fn.strtrans(vim.fn.strcharpart(text, 0, SHOWN))
  return #text > #vim.fn.strcharpart(text, 0, SHOWN) and shown .. "…" or shown
end

local function complaint(flaws)
  local more = #flaws > 1 and (" (and %d more)"):format(#flaws - 1) or ""
  return ("%s holds no single id: %s%s"):format(flaws[1].where, shortened(flaws[1].text), more)
end

-- What the texts hold; the first of them is number `first` of those that `name` names.
local function read(texts, name, first)
  local list, lines, repeated, flaws = {}, {}, 0, {}
  for i, text in ipairs(texts) do
    local id, empty = reader.id(text)
    local number = first + i - 1
    if not id then
      if not empty then flaws[#flaws + 1] = { where = name .. " " .. number, text = text } end
    elseif lines[id] then
      repeated = repeated + 1
    else
      list[#list + 1] = id
      lines[id] = number
    end
  end
  if #flaws > 0 then return nil, complaint(flaws) end
  return { list = list, lines = lines, repeated = repeated }
end

---@param buffer integer
---@param first integer line, counted from 1
---@param last integer line
---@return geelark.nvim.Ids|nil ids
---@return string|nil why there are none
function reader.from_lines(buffer, first, last)
  return read(vim.api.nvim_buf_get_lines(buffer, first - 1, last, false), "line", first)
end

---@param arguments string[]
---@return geelark.nvim.Ids|nil ids
---@return string|nil why there are none
function reader.from_arguments(arguments)
  return read(arguments, "argument", 1)
end

return reader
