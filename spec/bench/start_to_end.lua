-- The time that a program takes for one id, from start to end: the mean of several runs,
-- since one is only some milliseconds.

local runs = 10

---@param bench table
---@param program table
---@param tls boolean
---@return number seconds
return function(bench, program, tls)
  local load = { refused = "none", requests = 1, chunk = 1, tls = tls }
  local sum = 0
  for _ = 1, runs do sum = sum + bench:wall(program, load) end
  return sum / runs
end
