-- The records of a CSV text, with the line that each begins in. A cell in quotes may hold
-- separators, ends of lines, and quotes that are doubled. Blank lines and comments are no records;
-- "#" may also be the name of a first column.

local is_comment = require "geelark.cli.ids.comment"

local byte, find, sub = string.byte, string.find, string.sub

local QUOTE, HASH, CARRIAGE_RETURN, BLANK, NEW_LINE = byte('"#\r \n', 1, 5)

-- What stands in the quotes that open at a place, and the place behind them; nil where they stay open.
local function in_quotes(text, from)
  local at, has_doubled = from, false
  repeat
    at = find(text, '"', at + 1, true)
    if not at then return nil end
    local is_doubled = byte(text, at + 1) == QUOTE
    if is_doubled then at, has_doubled = at + 1, true end
  until not is_doubled
  local cell = sub(text, from + 1, at - 1)
  return has_doubled and cell:gsub('""', '"') or cell, at + 1
end

local function count_lines(cell)
  return find(cell, "\n", 1, true) and select(2, cell:gsub("\n", "")) or 0
end

-- Behind the blank line or comment that begins at a place, or nil where a record does.
local function behind_blank(text, at, separator)
  local first = byte(text, at)
  while first == BLANK or first == CARRIAGE_RETURN do
    at = at + 1
    first = byte(text, at)
  end
  if first == HASH and sub(text, at + 1, at + 1) ~= separator and is_comment(text, at) then
    return (find(text, "\n", at, true) or #text) + 1
  end
  return (first == NEW_LINE or first == nil) and at + 1 or nil
end

---@param text string
---@param separator string one character
---@return fun(): string[]|boolean|nil, integer|string|nil cells, in a table that the next record takes
---  over, and line; false and why where it breaks off; nil at the end
return function(text, separator)
  local at, line, cells = 1, 1, {}
  local next_separator, next_end = 0, 0 -- the first ones behind the last place that was looked at

  -- Where the cell ends that goes on at a place.
  local function stop_behind(from)
    if next_separator < from then
      next_separator = find(text, separator, from, true) or #text + 1
    end
    if next_end < from then next_end = find(text, "\n", from, true) or #text + 1 end
    return next_separator < next_end and next_separator or next_end
  end

  return function()
    local behind = behind_blank(text, at, separator)
    while behind and at <= #text do
      at, line = behind, line + 1
      behind = behind_blank(text, at, separator)
    end
    if at > #text then return nil end
    local count, here = 0, line
    local stop
    repeat
      local quoted, rest = nil, at
      if byte(text, at) == QUOTE then
        quoted, rest = in_quotes(text, at)
        if not quoted then return false, ("line %d: quotes are never closed"):format(line) end
        line = line + count_lines(quoted)
      end
      stop = stop_behind(rest)
      local plain = sub(text, rest, stop - 1)
      -- A stray quote at the beginning of a cell would take all rows up to the next one.
      if quoted and find(plain, "%S") then
        return false, ("line %d: text behind closing quotes"):format(here)
      end
      count = count + 1
      cells[count], at = quoted or plain, stop + 1
    until stop == next_end
    for i = #cells, count + 1, -1 do cells[i] = nil end
    line = line + 1
    return cells, here
  end
end
