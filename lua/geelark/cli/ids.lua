-- The ids that the command is given: as arguments, or in a file of text, CSV or JSON, which its
-- content tells apart. What is wrong with them the core says; here it gets its place.

local core = require "geelark.core"

local BYTE_ORDER_MARK = "^\239\187\191"

---@class geelark.cli.Ids
---@field list string[]
---@field places integer[]|nil where each stands, if not at its own number
---@field unit string what the places count: "line", "item", "argument"
---@field header string|nil a line that was passed over as one

local ids = {}

-- A line for each that is named, how many more there are, and what helps.
local function describe(flaws, given)
  local lines, helps = {}, {}
  for i, flaw in ipairs(flaws) do
    local place = given.places and given.places[flaw.position] or flaw.position
    lines[i] = ("\n  %s %d: %s"):format(given.unit, place, flaw.text)
    local help = flaw.help
    if help and not helps[help] then helps[help], helps[#helps + 1] = true, help end
  end
  local more = flaws.count - #flaws
  return table.concat(lines) .. (more > 0 and ("\n  and %d more"):format(more) or "")
    .. (helps[1] and "\nwhat helps: " .. table.concat(helps, "; ") or "")
end

-- Ids that are checked; or nil, and why not.
local function checked(given, name)
  local flaws = core.flaws(given.list)
  if flaws.count == 0 then return given end
  return nil, ("%s what is no id, and nothing was sent:%s"):format(name, describe(flaws, given))
end

-- What a spreadsheet writes where it isn't told otherwise, by its first bytes.
local UTF16 = "a text in UTF-16; what helps: save it as UTF-8"
local SPREADSHEET = "a spreadsheet's own file; what helps: export it as CSV"
local UNREADABLE = {
  { "^\255\254", UTF16 }, { "^\254\255", UTF16 },
  { "^PK\3\4", SPREADSHEET }, { "^\208\207\17\224", SPREADSHEET },
}

local function read(text, column)
  for _, kind in ipairs(UNREADABLE) do
    if text:find(kind[1]) then return nil, kind[2] end
  end
  text = text:gsub(BYTE_ORDER_MARK, "")
  if text:find "^%s*[%[{]" then return require "geelark.cli.ids.json"(text, column) end
  return require "geelark.cli.ids.lines"(text, column)
end

local function shown_name(name)
  return name == "-" and "standard input" or name
end

local function contents(name)
  local file, why = io.stdin, nil
  if name ~= "-" then file, why = io.open(name, "rb") end
  if not file then return nil, why end
  local text, trouble = file:read "*a"
  if name ~= "-" then file:close() end
  return not trouble and text or nil, trouble and shown_name(name) .. ": " .. trouble
end

-- The first that is no id, but a file.
local function find_file(list)
  for _, word in ipairs(list) do
    if not core.is_id(word) and core.file(word) then return word end
  end
end

---@param list string[]
---@return geelark.cli.Ids|nil
---@return string|nil why
function ids.from_arguments(list)
  local given, why = checked({ list = list, unit = "argument" }, "the arguments hold")
  local file = not given and find_file(list)
  if file then return nil, ("%s is a file; what helps: --from %s"):format(file, file) end
  return given, why
end

---@param name string of the file; "-" is standard input
---@param column string|nil that holds the ids
---@return geelark.cli.Ids|nil
---@return string|nil why
function ids.from_file(name, column)
  local text, why = contents(name)
  if not text then return nil, why end
  local shown = shown_name(name)
  local given, trouble = read(text, column)
  if not given then return nil, shown .. ": " .. trouble end
  return checked(given, shown .. " holds")
end

return ids
