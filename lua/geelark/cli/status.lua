-- The exit statuses of the command.

local status = {
  DONE = 0,      -- every id was deleted
  FAILED = 1,    -- some failed
  USAGE = 2,     -- arguments, files, configuration: nothing was sent
  UNSURE = 3,    -- some are unknown or pending, whatever became of the others
  SIGNAL = 128,  -- and the number of the signal that interrupted it
}

--- Says why nothing was done.
---@param why string
---@return integer status
function status.usage(why)
  require("geelark.cli.terminal").say("geelark: " .. why)
  return status.USAGE
end

---@param result geelark.Result|nil
---@param err geelark.Error|nil
---@param signal integer|nil that interrupted it
---@return integer status
function status.of(result, err, signal)
  local is_all_deleted = not err and result.failAmount == 0
  if signal and not is_all_deleted then return status.SIGNAL + signal end
  if err then return status.UNSURE end
  return is_all_deleted and status.DONE or status.FAILED
end

return status
