-- geelark delete

local carry_out = require "geelark.cli.carry_out"
local ids = require "geelark.cli.ids"
local status = require "geelark.cli.status"

local function read(given)
  if given.from and #given.ids > 0 then return nil, "both ids and --from are given" end
  if given.from then return ids.from_file(given.from, given.column) end
  if given.column then return nil, "--column goes with --from" end
  if #given.ids == 0 then return nil, "give ids, or a file that holds them: --from FILE" end
  return ids.from_arguments(given.ids)
end

---@param given table arguments
---@return integer status
return function(given)
  local found, why = read(given)
  if not found then return status.usage(why) end
  local remark = found.header and ("%q is taken for a header."):format(found.header)
  return carry_out({ list = found.list, remark = remark }, given)
end
