-- A clock for jobs over real sockets: time passes by itself while a request is in flight, and at
-- once where a job only waits for the next one to be due.

local cqueues = require "cqueues"

---@return table the option `clock`
return function()
  local skipped = 0
  return {
    now = function() return cqueues.monotime() + skipped end,
    sleep = function(seconds) skipped = skipped + seconds end,
    seed = 1,
  }
end
