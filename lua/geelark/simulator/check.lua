-- Strict tables of options: an unknown name, or a wrong type, is an error that names it and
-- suggests what was meant.

local nearest = require "geelark.nearest"

local check = {}

local function words(types)
  return (types:gsub("|", " or "))
end

---@param what string what the table is, for the message; "" for the options themselves
---@param options table
---@param types table<string, string> name → Lua types, such as "number|boolean"
function check.table(what, options, types)
  if type(options) ~= "table" then
    error(("%s: table expected, got %s"):format(what == "" and "options" or what, type(options)), 0)
  end
  local kind = what == "" and "option" or "field"
  local prefix = what == "" and "" or what .. "."
  for name, value in pairs(options) do
    local allowed = types[name]
    if not allowed then
      error(("%s%s: unknown %s, did you mean %s?")
        :format(prefix, tostring(name), kind, nearest(name, types)), 0)
    end
    if not ("|" .. allowed .. "|"):find("|" .. type(value) .. "|", 1, true) then
      error(("%s%s: %s expected, got %s"):format(prefix, name, words(allowed), type(value)), 0)
    end
  end
end

---A list of strings, without holes.
---@param what string
---@param list table
function check.strings(what, list)
  for key, value in pairs(list) do
    if type(key) ~= "number" or list[key - 1] == nil and key ~= 1 then
      error(("%s: list expected, got one with the key %s"):format(what, tostring(key)), 0)
    end
    if type(value) ~= "string" then
      error(("%s: strings expected, got %s"):format(what, type(value)), 0)
    end
  end
end

---A value that has to be one of several.
---@param what string
---@param value any
---@param known table<string, any> by value
function check.choice(what, value, known)
  if known[value] == nil then
    error(("%s: unknown value %s, did you mean %s?")
      :format(what, tostring(value), nearest(value, known)), 0)
  end
end

return check
