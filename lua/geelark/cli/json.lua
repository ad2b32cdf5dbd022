-- Writes JSON: lua-cjson for strings, so that all is escaped that has to be; numbers without a
-- fraction as integers on every Lua; fields in the order given.

local cjson = require("cjson").new()
local utf8 = require "geelark.cli.utf8"

local json = {}

---@param value string|number|boolean|nil
---@return string
function json.scalar(value)
  if type(value) == "string" then return (cjson.encode(utf8(value)):gsub("\\/", "/")) end
  if type(value) ~= "number" then return value == nil and "null" or tostring(value) end
  if value ~= value or value == math.huge or value == -math.huge then return "null" end
  return value % 1 == 0 and ("%.0f"):format(value) or ("%.14g"):format(value)
end

--- An object; what is nil is left out.
---@param names string[]
---@param values table by position; scalars
---@return string
function json.object(names, values)
  local fields = {}
  for i, name in ipairs(names) do
    if values[i] ~= nil then
      fields[#fields + 1] = json.scalar(name) .. ":" .. json.scalar(values[i])
    end
  end
  return "{" .. table.concat(fields, ",") .. "}"
end

--- Each value of a list, written by a function, an item a line.
---@param output geelark.cli.Output
---@param list any[]
---@param write fun(item: any): string
function json.array(output, list, write)
  output:write "["
  for i, item in ipairs(list) do output:write((i > 1 and ",\n" or "\n") .. write(item)) end
  output:write(#list > 0 and "\n]" or "]")
end

return json
