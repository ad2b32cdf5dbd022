-- Jobs in a cqueues loop. A job is pollable as it stands; `delete` polls it until it is done.

local cqueues = require "cqueues"
local start = require "geelark.loop.start"

---@class geelark.loop.cqueues
local driver = {}

--- Deletes phones and yields to the loop's other coroutines meanwhile.
---@param ids geelark.Ids
---@param options? geelark.LoopOptions
---@return geelark.Result? result
---@return geelark.Error err raises for wrong arguments
---@return_overload geelark.Result
---@return_overload nil, geelark.Error
function driver.delete(ids, options)
  local job = start(ids, options)
  while not job:step() do cqueues.poll(job) end
  return job:result()
end

return driver
