-- geelark resume

local geelark = require "geelark"
local carry_out = require "geelark.cli.carry_out"
local status = require "geelark.cli.status"

---@param given table arguments
---@return integer status
return function(given)
  local result, err = geelark.journal.read(given.journal)
  if not result then return status.usage(err.message) end
  local list = {}
  for id in geelark.outcomes(result) do list[#list + 1] = id end
  return carry_out({ list = list, left = result.totalAmount - result.successAmount }, given)
end
