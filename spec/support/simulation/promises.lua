-- Which promises the module under test keeps already. The simulation is written for all of them;
-- where one isn't built yet, its draws and its checks rest.

local geelark = require "geelark"

-- A job whose first answer is lost, and what it tells of it.
local function tells_of_lost_answers()
  local now, calls, told = 0, 0, false
  geelark.delete({ "a1" }, { token = "t",
    clock = { now = function() return now end, sleep = function(s) now = now + s end, seed = 1 },
    on_event = function(event) told = told or event.type == "lost" end,
    transport = function()
      calls = calls + 1
      if calls == 1 then return nil, "reset", true end
      return 200, '{"code":0,"msg":"","data":{"totalAmount":1,"successAmount":1,"failAmount":0}}'
    end })
  return told
end

-- Options that an engine which doesn't know them refuses.
local function knows(options)
  options.token, options.dry_run = "t", true
  return (pcall(geelark.delete, {}, options))
end

return {
  resume = geelark.resume ~= nil,
  outcomes = geelark.outcomes ~= nil,
  max_wait = knows { max_wait = 1 },
  stop_started = knows { stop_started = true, stop_timeout = 1 },
  lost_events = tells_of_lost_answers(),
}
