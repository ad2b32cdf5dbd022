-- A line for each request, for people.

local log = {}

---@param record geelark.simulator.Record of a request that has left
---@return string
function log.line(record)
  local words = { os.date("%H:%M:%S", math.floor(record.time)), record.path }
  if record.ids then words[#words + 1] = ("%d ids"):format(#record.ids) end
  words[#words + 1] = "-> " .. (record.status and ("HTTP %d"):format(record.status) or "no answer")
  if record.code then words[#words + 1] = ("code %d"):format(record.code) end
  if record.why then words[#words + 1] = "(" .. record.why .. ")" end
  if #record.deleted > 0 then words[#words + 1] = ("%d deleted"):format(#record.deleted) end
  return table.concat(words, "  ")
end

return log
