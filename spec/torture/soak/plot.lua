-- A curve for a terminal, of braille dots: two columns of four to a character.

local LABEL = 10 -- columns before the axis

-- What a dot adds to the character's number, by its column and its row from above.
local DOTS = { { 1, 2, 4, 64 }, { 8, 16, 32, 128 } }

-- U+2800 and so many above, in UTF-8.
local function braille(number)
  return string.char(0xe2, 0xa0 + math.floor(number / 64), 0x80 + number % 64)
end

-- The lowest and highest value, at least `span` apart.
local function range(values, span)
  local low, high = math.huge, -math.huge
  for _, value in ipairs(values) do low, high = math.min(low, value), math.max(high, value) end
  local middle = (low + high) / 2
  if high - low < span then low, high = math.max(0, middle - span / 2), middle + span / 2 end
  return low, math.max(high, low + span)
end

-- Sets the dots of a column from one height to another, both counted from below.
local function set(cells, column, from, to, rows)
  for height = math.min(from, to), math.max(from, to) do
    local from_above = rows * 4 - 1 - height
    local row, character = math.floor(from_above / 4) + 1, math.floor(column / 2) + 1
    cells[row][character] = cells[row][character] + DOTS[column % 2 + 1][from_above % 4 + 1]
  end
end

local plot = {}

---@class spec.torture.Axis
---@field rows integer lines that the curve takes
---@field width integer columns in all
---@field span number the least difference of its lower and upper end
---@field label fun(value: number): string what stands at both ends

---@param values number[] at least one, from left to right
---@param axis spec.torture.Axis
---@return string[] lines
function plot.lines(values, axis)
  local characters = axis.width - LABEL - 1
  local low, high = range(values, axis.span)
  local cells, before = {}, nil
  for row = 1, axis.rows do
    cells[row] = {}
    for character = 1, characters do cells[row][character] = 0 end
  end
  for column = 0, characters * 2 - 1 do
    local value = values[math.floor(column * #values / (characters * 2)) + 1]
    local height = math.floor((value - low) / (high - low) * (axis.rows * 4 - 1) + 0.5)
    set(cells, column, before or height, height, axis.rows)
    before = height
  end
  local lines = {}
  for row = 1, axis.rows do
    local label = row == 1 and axis.label(high) or row == axis.rows and axis.label(low) or ""
    for character = 1, characters do cells[row][character] = braille(cells[row][character]) end
    lines[row] = ("%" .. LABEL - 1 .. "s ┤%s"):format(label, table.concat(cells[row]))
  end
  return lines
end

return plot
