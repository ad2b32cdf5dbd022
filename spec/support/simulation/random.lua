-- Numbers from a seed, the same on every Lua: Lehmer's generator (Park and Miller, 1988),
-- whose products fit a double.

local Random = {}
Random.__index = Random

function Random:next()
  self.state = self.state * 16807 % 2147483647
  return self.state / 2147483647
end

--- A whole number from low to high.
function Random:between(low, high)
  return low + math.floor(self:next() * (high - low + 1))
end

function Random:chance(probability)
  return self:next() < probability
end

function Random:pick(list)
  return list[self:between(1, #list)]
end

return function(seed)
  local random = setmetatable({ state = seed % 2147483646 + 1 }, Random)
  for _ = 1, 3 do random:next() end -- neighbouring seeds begin alike
  return random
end
