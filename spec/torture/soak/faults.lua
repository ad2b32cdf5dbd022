-- The plan of faults, as source for the simulator's process: about one request in four meets one.
-- No fault lets the service act once the client has given up, but where nothing is stopped: a
-- phone that was stopped meanwhile would be deleted after the account has said that it failed.

local SOURCE = [[
local random = require "spec.support.simulation.random" (%d)
local may_act_late = %s
local common = {
  { close = "before" }, { close = "after" }, { close = "after", reset = true }, { status = 502 },
  { refuse = 40001 }, { refuse = 50000 }, { code = 50000 }, { code = 40000 }, { refuse = 40004 },
  { cut = 20 }, { body = "garbage" }, { body = "" }, { amounts = { successAmount = 101 } },
  { fail_details = "null" }, { fail_details = "absent" }, { stranger = "1" }, { chunked = 7 },
  { integer_ids = true }, { string_numbers = true }, { close_idle = 0.01 },
  { drip = { 50, 0.002 } }, { status = 503, headers = { ["Retry-After"] = "0" } },
  { status = 429, headers = { ["Retry-After"] = "1" } }, { refuse = 40007 },
}
local seldom = {
  { delay = 0.8 }, { stall = 0.8, close = "before" }, { refuse = 40017 }, { refuse = 40014 },
  { status = 401 }, { refuse = 12345 }, { refuse = 40003 },
  { status = 302, headers = { Location = "http://x.invalid/" } },
  { huge = 9000000 }, { status = 429, headers = { ["Retry-After"] = "9999" } },
}
return function()
  if may_act_late and random:chance(0.005) then return { stall = 0.8 } end
  if random:chance(0.02) then return random:pick(seldom) end
  if random:chance(0.24) then return random:pick(common) end
end
]]

---@param seed integer
---@param may_act_late boolean
---@return string
return function(seed, may_act_late)
  return SOURCE:format(seed, tostring(may_act_late))
end
