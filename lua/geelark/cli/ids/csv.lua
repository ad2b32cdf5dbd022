-- The records of a CSV text, with the line that each begins in. A cell in quotes may hold
-- separators, ends of lines, and quotes that are doubled. Blank lines and comments are no records;
-- "#" may also be the name of a first column.

local QUOTE, HASH, CARRIAGE_RETURN, BLANK, NEW_LINE = ('"#\r \n'):byte(1, 5)

-- Where the quotes that open at a place are closed, or nil.
local function closing_quote(text, from)
  local at = from
  repeat
    at = text:find('"', at + 1, true)
    local doubled = at and text:byte(at + 1) == QUOTE
    if doubled then at = at + 1 end
  until not doubled
  return at
end

-- The cell that begins at a place, and the place behind it. What stands between closing quotes and
-- the separator stays, so that it is noticed.
local function next_cell(text, from, stops)
  local quoted, rest = "", from
  if text:byte(from) == QUOTE then
    local close = closing_quote(text, from)
    if not close then return nil end
    quoted, rest = text:sub(from + 1, close - 1), close + 1
    if quoted:find('"', 1, true) then quoted = quoted:gsub('""', '"') end
  end
  local stop = text:find(stops, rest) or #text + 1
  local last = text:byte(stop - 1) == CARRIAGE_RETURN and stop - 2 or stop - 1
  return rest > last and quoted or quoted .. text:sub(rest, last), stop
end

local function count_lines(cell)
  return cell:find("\n", 1, true) and select(2, cell:gsub("\n", "")) or 0
end

-- Behind the blank line or comment that begins at a place, or nil where a record does.
local function behind_blank(text, at, separator)
  local byte = text:byte(at)
  while byte == BLANK or byte == CARRIAGE_RETURN do
    at = at + 1
    byte = text:byte(at)
  end
  if byte == HASH and text:sub(at + 1, at + 1) ~= separator then
    return (text:find("\n", at, true) or #text) + 1
  end
  return (byte == NEW_LINE or byte == nil) and at + 1 or nil
end

---@param text string
---@param separator string one character
---@return fun(): string[]|boolean|nil, integer|string|nil cells, in a table that the next record takes
---  over, and line; false and why where it breaks off; nil at the end
return function(text, separator)
  local at, line, stops, mark = 1, 1, "[" .. separator .. "\n]", separator:byte()
  local cells = {}
  return function()
    local behind = behind_blank(text, at, separator)
    while behind and at <= #text do
      at, line = behind, line + 1
      behind = behind_blank(text, at, separator)
    end
    if at > #text then return nil end
    local count, here = 0, line
    repeat
      local cell, stop = next_cell(text, at, stops)
      if not cell then return false, ("line %d: quotes are never closed"):format(line) end
      count = count + 1
      cells[count], at, line = cell, stop + 1, line + count_lines(cell)
    until text:byte(stop) ~= mark
    for i = #cells, count + 1, -1 do cells[i] = nil end
    line = line + 1
    return cells, here
  end
end
