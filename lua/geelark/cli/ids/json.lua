-- Ids from JSON: an array of strings, or of objects with such a field. A number is refused: whatever
-- wrote or passed it on has mostly rounded it.

local function field_of(item, name)
  if type(item) ~= "table" then return item end
  local value = item[name]
  if value == nil then return nil, ("has no field %q"):format(name) end
  return value, nil
end

local function id_of(item, name)
  local value, why = field_of(item, name)
  if why or type(value) == "string" then return value, why end
  if type(value) == "number" then return nil, "is a number: write ids as strings, in quotes" end
  return nil, "is no string"
end

---@param text string
---@param column string|nil the field; default "id"
---@return geelark.cli.Ids|nil
---@return string|nil why
return function(text, column)
  if text:find "^%s*{" then return nil, "an array is expected, of strings or of objects" end
  local json = require("cjson").new()
  json.decode_invalid_numbers(false)
  local read, items = pcall(json.decode, text)
  if not read then return nil, "no JSON: " .. tostring(items) end
  local list = {}
  for i, item in ipairs(items) do
    local id, why = id_of(item, column or "id")
    if why then return nil, ("item %d %s; nothing was sent"):format(i, why) end
    list[i] = id
  end
  return { list = list, unit = "item" }
end
