-- The simulator within the editor, and the command's service from now on. Time is virtual: what a
-- job waits for is over when it is next looked at, until the time is stopped.

local driver = require "geelark.nvim"
local simulator = require "geelark.simulator"

local AT_A_LOOK = 10 -- seconds; no shorter than what lies between two looks at a phone

---@param phones geelark.simulator.Options
---@param more geelark.Options|nil of the command
---@return table service
return function(phones, more)
  local service = simulator.new(phones)
  local options = service:options(more)
  local clock, stands = options.clock, false

  options.stop_timeout = options.stop_timeout or 86400
  options.clock = {
    now = function()
      if not stands then clock.sleep(AT_A_LOOK) end
      return clock.now()
    end,
    sleep = clock.sleep, seed = 1,
  }
  function options.on_event(event)
    if event.type == "send" and event.action == "stop" then stands = service.stands end
  end
  driver.setup(options)

  --- From the first stop on time stands still.
  function service.stand_at_stop() service.stands = true end

  return service
end
