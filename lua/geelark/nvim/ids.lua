-- Reads ids from lines or arguments. Each holds one id, with nothing but white space, commas
-- and a pair of quotes around it. Whatever else there is could be meant otherwise, and isn't
-- guessed.

local SHOWN = 40    -- characters of a line in a message
local LONGEST = 128 -- bytes; the core takes no longer id

---@class geelark.nvim.Place
---@field id string
---@field line integer|nil where it was read first; none for an argument
---@field mark integer|nil extmark at that line

---@class geelark.nvim.Ids
---@field places geelark.nvim.Place[] one for each id
---@field repeated integer ids that stood somewhere before

local reader = {}

--- The id in a text.
---@param text string
---@return string|nil id
---@return boolean empty
function reader.id(text)
  local word = text:match "^[%s,]*(.-)[%s,]*$"
  local _, quoted = word:match "^(['\"])(.*)%1$"
  local id = quoted or word
  if id:find "^%w+$" and id:find "%d" and #id <= LONGEST then return id, false end
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

-- Adds what the texts hold; `where` names one of them.
local function read(texts, where, line_of)
  local ids, flaws, known = { places = {}, repeated = 0 }, {}, {}
  for i, text in ipairs(texts) do
    local id, empty = reader.id(text)
    if not id then
      if not empty then flaws[#flaws + 1] = { where = where(i), text = text } end
    elseif known[id] then
      ids.repeated = ids.repeated + 1
    else
      known[id] = true
      ids.places[#ids.places + 1] = { id = id, line = line_of(i) }
    end
  end
  if #flaws > 0 then return nil, complaint(flaws) end
  return ids
end

---@param buffer integer
---@param first integer line, counted from 1
---@param last integer line
---@return geelark.nvim.Ids|nil ids
---@return string|nil why there are none
function reader.from_lines(buffer, first, last)
  local lines = vim.api.nvim_buf_get_lines(buffer, first - 1, last, false)
  local function line_of(i) return first + i - 1 end
  return read(lines, function(i) return "line " .. line_of(i) end, line_of)
end

---@param arguments string[]
---@return geelark.nvim.Ids|nil ids
---@return string|nil why there are none
function reader.from_arguments(arguments)
  return read(arguments, function(i) return "argument " .. i end, function() end)
end

return reader
