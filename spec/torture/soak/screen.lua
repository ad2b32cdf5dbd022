-- What a person sees: both curves, drawn anew in the same place, and below them the figures. Where
-- nobody looks on, as in a file, all of it is written once, at the end.

local plot = require "spec.torture.soak.plot"

local WIDTH, MEGABYTE = 80, 1e6

local MEMORY = { rows = 6, width = WIDTH, span = 2 * MEGABYTE,
  label = function(bytes) return ("%.1f MB"):format(bytes / MEGABYTE) end }
local DESCRIPTORS = { rows = 2, width = WIDTH, span = 4,
  label = function(count) return ("%.0f"):format(count) end }

local is_terminal = os.execute "test -t 1"
is_terminal = is_terminal == true or is_terminal == 0

local drawn = 0 -- lines that stand on the screen

-- "41230" as "41,230".
local function with_commas(number)
  local text = ("%d"):format(number):reverse():gsub("(%d%d%d)", "%1,"):reverse()
  return (text:gsub("^,", ""))
end

local function millions(number)
  return number < 1e5 and with_commas(number) or ("%.1f M"):format(number / 1e6)
end

local screen = {}

---@return string "20 min, 41,230 deletes, ..."
local function figures(run)
  local words = { ("%.0f min"):format(run.minutes), with_commas(run.deletes) .. " deletes",
    millions(run.ids) .. " ids" }
  if #run.memory.values > 1 then
    words[#words + 1] = ("memory %+.1f MB"):format(run.memory:growth() / MEGABYTE)
    words[#words + 1] = ("descriptors %+d"):format(run.descriptors:growth())
  end
  words[#words + 1] = run.findings .. (run.findings == 1 and " finding" or " findings")
  return "soak: " .. table.concat(words, ", ")
end

local function curves(run)
  local lines = { "memory" }
  for _, line in ipairs(plot.lines(run.memory.values, MEMORY)) do lines[#lines + 1] = line end
  lines[#lines + 1] = "descriptors"
  for _, line in ipairs(plot.lines(run.descriptors.values, DESCRIPTORS)) do
    lines[#lines + 1] = line
  end
  return lines
end

local function show(lines)
  if drawn > 0 then io.write(("\27[%dA\27[J"):format(drawn)) end
  io.write(table.concat(lines, "\n"), "\n")
  io.flush()
  drawn = #lines
end

---@param run table as spec/torture/soak.lua keeps it
function screen.draw(run)
  if not is_terminal or #run.memory.values == 0 then return end
  local lines = curves(run)
  lines[#lines + 1] = figures(run)
  show(lines)
end

---A line that stays above the curves.
---@param text string
function screen.tell(text)
  if is_terminal then show { text } else io.write(text, "\n") io.flush() end
  drawn = 0
end

---@param run table
function screen.finish(run)
  local lines = curves(run)
  lines[#lines + 1] = figures(run)
  show(lines)
end

return screen
