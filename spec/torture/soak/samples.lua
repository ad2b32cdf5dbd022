-- What was measured while it ran, and how much of it is growth. However long it runs, only so
-- many samples are kept: where they get too many, each two of them become one.

local MOST = 240
local WARM_UP = 0.1 -- of the time: caches fill
local COMPARED = 0.1 -- of the time, after the warm-up and at the end

local Samples = {}
Samples.__index = Samples

local function halve(list)
  for i = 1, #list / 2 do list[i] = math.max(list[2 * i - 1], list[2 * i]) end
  for i = #list, #list / 2 + 1, -1 do list[i] = nil end
end

---@param value number
function Samples:add(value)
  self.pending[#self.pending + 1] = value
  if #self.pending < self.each then return end
  self.values[#self.values + 1] = math.max((table.unpack or unpack)(self.pending)) -- luacheck: ignore unpack
  self.pending = {}
  if #self.values < MOST then return end
  halve(self.values)
  self.each = self.each * 2
end

---How much it rose between the end of the warm-up and the end: the median of some of the last
---against the median of some of the first, since one sample alone says little.
---@return number
function Samples:growth()
  local values, warm = self.values, math.ceil(#self.values * WARM_UP)
  local compared = math.max(1, math.floor(#values * COMPARED))
  local function median(first)
    local some = {}
    for i = first, first + compared - 1 do some[#some + 1] = values[i] end
    table.sort(some)
    return some[math.ceil(#some / 2)]
  end
  if #values < 2 then error("too few samples: it has to run for longer", 0) end
  return median(#values - compared + 1) - median(math.min(warm + 1, #values - compared))
end

return function()
  return setmetatable({ values = {}, pending = {}, each = 1 }, Samples)
end
