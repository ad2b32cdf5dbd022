-- Rows as a table for people, as CSV, as JSON, and as JSON a line. A row is a list of strings and
-- integers, nil where there is nothing; `rows` is a function that returns one a call.

local json = require "geelark.cli.json"
local terminal = require "geelark.cli.terminal"

local GAP = "  "
local LEAST_ROOM = 20 -- columns for the last cell of a table beside the others

local formats = {}

local function text_of(value)
  if type(value) == "number" then return ("%d"):format(value) end
  return value == nil and "" or terminal.plain(tostring(value))
end

local function csv_cell(value)
  if type(value) == "string" and not value:find '[%c,"\128-\255]' then return value end
  local text = text_of(value)
  return text:find '[,"]' and '"' .. text:gsub('"', '""') .. '"' or text
end

---@param output geelark.cli.Output
---@param names string[]
---@param rows fun(): any[]|nil
function formats.csv(output, names, rows)
  output:write(table.concat(names, ",") .. "\n")
  for row in rows do
    local cells = {}
    for i = 1, #names do cells[i] = csv_cell(row[i]) end
    output:write(table.concat(cells, ",") .. "\n")
  end
end

---@param output geelark.cli.Output
---@param names string[]
---@param rows fun(): any[]|nil
function formats.jsonl(output, names, rows)
  for row in rows do output:write(json.object(names, row) .. "\n") end
end

---@param output geelark.cli.Output
---@param names string[]
---@param rows fun(): any[]|nil
function formats.json(output, names, rows)
  local list = {}
  for row in rows do list[#list + 1] = row end
  json.array(output, list, function(row) return json.object(names, row) end)
  output:write "\n"
end

local function padded(text, width)
  return text .. (" "):rep(width - terminal.width(text))
end

-- The last cell goes on below its own beginning, or on lines of its own where there is no room.
local function hang(start, last, columns)
  local indent = terminal.width(start)
  if not columns or indent + terminal.width(last) <= columns then return start .. last end
  if columns - indent < LEAST_ROOM then
    return start:gsub("%s+$", "") .. "\n" .. terminal.wrap(GAP .. last, columns)
  end
  return start .. terminal.wrap(last, columns - indent):gsub("\n", "\n" .. (" "):rep(indent))
end

--- Nothing at all where there are no rows.
---@param output geelark.cli.Output
---@param names string[]
---@param rows fun(): any[]|nil
function formats.table(output, names, rows)
  local list, widths = { names }, {}
  for row in rows do list[#list + 1] = row end
  if #list == 1 then return end
  for _, row in ipairs(list) do
    for i = 1, #names - 1 do
      widths[i] = math.max(widths[i] or 0, terminal.width(text_of(row[i])))
    end
  end
  local columns = terminal.is(io.stdout) and terminal.columns() or nil
  for _, row in ipairs(list) do
    local start = ""
    for i = 1, #names - 1 do start = start .. padded(text_of(row[i]), widths[i]) .. GAP end
    output:write(hang(start, text_of(row[#names]), columns):gsub("%s+$", "") .. "\n")
  end
end

return formats
