-- A filter of geelark.failures as it is written in a shell: "started", "43009", "started,in_use", or a
-- field with a pattern, "msg=^env".

---@param text string
---@return geelark.Filter
return function(text)
  local field, value = text:match "^(%l+)=(.*)$"
  if field then return { [field] = value } end
  local list = {}
  for word in text:gmatch "[^,%s]+" do list[#list + 1] = tonumber(word) or word end
  if not list[1] then error("a code, a name, or field=pattern is expected", 0) end
  return list
end
