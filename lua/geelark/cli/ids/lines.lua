-- Ids from a text that has one a line, or from CSV: that it is where the first line with something in
-- it holds a separator or quotes. Of several columns none is guessed.

local geelark = require "geelark"
local is_comment = require "geelark.cli.ids.comment"
local records = require "geelark.cli.ids.csv"

local function trimmed(text)
  if text:find "^%S*$" then return text end
  return text:match "^%s*(.*%S)" or ""
end

-- What programs write where there is no id.
local NOTHING = { null = true, ["nil"] = true, none = true, nan = true, undefined = true }

local NO_TEXT = "[^\9-\13\32-\255]"

-- Every id has a digit. What a formula failed with is no name.
local function is_header(cell)
  return cell ~= "" and not cell:find "%d" and not cell:find(NO_TEXT)
    and not NOTHING[cell:lower()] and (not cell:find "^#" or is_comment(cell, 1))
end

-- Without quoted cells, in which a separator means nothing.
local function first_line(text)
  for line in text:gmatch "[^\n]+" do
    local first = line:find "%S"
    local is_passed_over = not first or is_comment(line, first) and not line:find "^#[,;\t]"
    if not is_passed_over then return trimmed(line) end
  end
  return ""
end

local function separator_of(text)
  local line = first_line(text)
  if line:find(NO_TEXT) then return nil end
  if line:find "^%d+,%d+[Ee]%+?%d+$" then return nil end -- a number, as some countries write it
  local word = line:match "^(%w[%w_-]*)%s+#"
  if word and word:find "%d" then return nil end -- an id and a comment
  return line:gsub('"[^"]*"', ""):match "[,;\t]" or line:find('"', 1, true) and "," or nil
end

-- Most files hold ids and ends of lines alone. Nil where there is anything else.
local function read_plain(text)
  if text:find("\r", 1, true) and text:find "\r[^\n]" then return nil end
  local list, count = {}, 0
  for word in text:gmatch "[^\r\n]+" do
    count = count + 1
    list[count] = word
  end
  return pcall(geelark.check, list) and { list = list } or nil
end

local function read_text(text)
  local given = { list = {}, places = {}, unit = "line" }
  local list, places, number = given.list, given.places, 0
  for whole in text:gmatch "([^\n]*)\n?" do
    local line = is_comment(whole, 1) and "" or whole
    number = number + 1
    if line:find("#", 1, true) then line = line:gsub("%s#.*$", "") end
    line = trimmed(line)
    if not list[1] and not given.header and is_header(line) then
      given.header = line
    elseif line ~= "" then
      list[#list + 1], places[#list + 1] = line, number
    end
  end
  return given
end

-- Names, where the first record has such; else numbers.
local function several(cells)
  local names = table.concat(cells, ", ")
  if names:find "%d" then names = "by number, 1 to " .. #cells end
  return ("has %d column%s; --column tells which holds the ids: %s"):format(#cells,
    #cells == 1 and "" or "s", names)
end

-- The only column with something in it.
local function only_column(cells)
  local found
  for i, cell in ipairs(cells) do
    if cell ~= "" and found then return nil, several(cells) end
    if cell ~= "" then found = i end
  end
  return found
end

local function named_column(cells, name)
  -- First the number: without a header a cell may hold it, too.
  local number = name:find "^%d+$" and tonumber(name)
  if number and number >= 1 and number <= #cells then return number end
  local found, count = nil, 0
  for i, cell in ipairs(cells) do
    if cell:lower() == name:lower() then found, count = found or i, count + 1 end
  end
  if count == 1 then return found, nil, true end
  if count == 0 then return nil, ("no column is named %q; it %s"):format(name, several(cells)) end
  return nil, ("%d columns are named %q; give the number, 1 to %d"):format(count, name, #cells)
end

-- Whether no other column holds anything.
local function is_alone(cells, column)
  for i, cell in ipairs(cells) do
    if i ~= column and cell:find "%S" then return false end
  end
  return true
end

-- Whether a separator in a cell without quotes may have moved another cell into the column.
local function is_shifted(cells, column, width)
  if column == 1 then return false end
  for i = width + 1, #cells do
    if cells[i]:find "%S" then return true end
  end
  return false
end

-- The first record that holds anything, its cells without white space around them.
local function first_record(next_record)
  local cells, line
  repeat
    cells, line = next_record()
  until not cells or not is_alone(cells)
  for i, cell in ipairs(cells or {}) do cells[i] = trimmed(cell) end
  return cells, line
end

local function read_csv(text, separator, name)
  local given = { list = {}, places = {}, unit = "line" }
  local list, places, next_record = given.list, given.places, records(text, separator)
  local cells, line = first_record(next_record)
  local width = cells and #cells
  local column, why, named
  if cells and name then column, why, named = named_column(cells, name) end
  if cells and not name then column, why = only_column(cells) end
  if why then return nil, why end
  if cells and (named or is_header(cells[column])) then
    given.header = cells[column]
    cells, line = next_record()
  end
  while cells do
    local id = trimmed(cells[column] or "")
    local is_only = (not name or id == "") and is_alone(cells, column)
    if not name and not is_only then
      return nil, ("line %d has several columns; --column tells which holds the ids"):format(line)
    end
    if is_shifted(cells, column, width) then
      return nil, ("line %d has more columns than the first line"):format(line)
    end
    if id ~= "" or not is_only then -- a record without any cell filled is none
      list[#list + 1], places[#list + 1] = id, line
    end
    cells, line = next_record()
  end
  if cells == false then return nil, line end
  return given
end

---@param text string
---@param column string|nil its name or number
---@return geelark.cli.Ids|nil
---@return string|nil why
return function(text, column)
  local separator = separator_of(text)
  if not separator and not column then
    return read_plain(text) or read_text(text)
  end
  return read_csv(text, separator or ",", column)
end
