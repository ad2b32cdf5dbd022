-- geelark delete

local geelark = require "geelark"
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

local GONE = { deleted = true, presumed = true }

-- How many of the ids aren't gone by a journal; nil where there is none that can be read.
local function count_left(list, journal)
  local account = journal and geelark.journal.read(journal)
  if not account then return nil end
  local passed_over, left = {}, 0
  for id, state in geelark.outcomes(account) do passed_over[id] = GONE[state] end
  for _, id in ipairs(list) do
    if not passed_over[id] then passed_over[id], left = true, left + 1 end
  end
  return left
end

---@param given table arguments
---@return integer status
return function(given)
  local found, why = read(given)
  if not found then return status.usage(why) end
  local remark = found.header and ("%q is taken for a header."):format(found.header)
  -- The whole journal is read for it, which a million phones make some seconds.
  local is_told = given.dry_run or not given.yes
  local left = is_told and count_left(found.list, given.journal) or nil
  return carry_out({ list = found.list, left = left, remark = remark }, given)
end
