-- Strict option tables: an unknown field or a wrong type is an error that names it.

---@param what string what the table is, for the message
---@param options table
---@param types table<string, string> field → Lua types, such as "number|boolean"
---@return table options the same table
local function check(what, options, types)
  if type(options) ~= "table" then
    error(("%s: table expected, got %s"):format(what, type(options)), 0)
  end
  for field, value in pairs(options) do
    local allowed = types[field]
    if not allowed then
      error(("%s: unknown field '%s'"):format(what, tostring(field)), 0)
    end
    if not ("|" .. allowed .. "|"):find("|" .. type(value) .. "|", 1, true) then
      error(("%s.%s: %s expected, got %s"):format(what, field, allowed, type(value)), 0)
    end
  end
  return options
end

return check
