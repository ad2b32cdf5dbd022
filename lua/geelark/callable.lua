-- What can be called: a function, or a table like one (a spy of luassert's).

---@param value any
---@return boolean
return function(value)
  local meta = getmetatable(value)
  return type(value) == "function" or (type(meta) == "table" and meta.__call ~= nil)
end
