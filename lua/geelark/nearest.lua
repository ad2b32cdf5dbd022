-- Names: which of those that there are was meant by one that there isn't. Pure Lua, since the
-- simulator does without the core.

local LONGEST = 64 -- bytes; what is longer is no name

-- How many letters have to be put in, taken out or changed (Levenshtein's distance).
local function distance(one, other)
  local row = {}
  for j = 0, #other do row[j] = j end
  for i = 1, #one do
    local diagonal
    diagonal, row[0] = row[0], i
    for j = 1, #other do
      local change = one:byte(i) == other:byte(j) and 0 or 1
      diagonal, row[j] = row[j], math.min(row[j] + 1, row[j - 1] + 1, diagonal + change)
    end
  end
  return row[#other]
end

---@param name any
---@param known table<any, any> by name; other keys count for nothing
---@return string
return function(name, known)
  local asked, best, least = tostring(name):sub(1, LONGEST), nil, nil
  for other in pairs(known) do
    local far = type(other) == "string" and distance(asked, other)
    if far and (not least or far < least or far == least and other < best) then
      best, least = other, far
    end
  end
  return best
end
