-- Whether a table inherits fields: those can't be listed, so that the core refuses it as options.

---@param options table
---@return boolean
return function(options)
  local metatable = debug.getmetatable(options)
  return metatable ~= nil and rawget(metatable, "__index") ~= nil
end
