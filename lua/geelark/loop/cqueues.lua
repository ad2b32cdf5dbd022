-- Jobs in a cqueues loop. A job is pollable as it stands; `delete` polls it until it is done.

local cqueues = require "cqueues"
local start = require "geelark.loop.start"

local driver = {}

--- Deletes phones and yields to the loop's other coroutines meanwhile.
---@param ids any as geelark.delete takes them
---@param options? geelark.LoopOptions
---@return geelark.Result|nil result
---@return geelark.Error|nil err raises for wrong arguments
function driver.delete(ids, options)
  local job = start(ids, options)
  while not job:step() do cqueues.poll(job) end
  return job:result()
end

return driver
