-- The service at the end of geelark's option `transport`: what HTTP and its faults come to where
-- there is no socket. What takes its time is answered later, by the virtual clock.

local answer = require "geelark.simulator.answer"

local function lower_names(headers)
  local lower = {}
  for name, value in pairs(headers) do lower[name:lower()] = value end
  return lower
end

-- Whether the connection ends before the whole answer is there.
local function is_cut(fault, response)
  return fault.cut and (fault.chunked or fault.cut < #response.body)
end

-- Seconds that a body takes that comes in pieces.
local function dripping(fault, response)
  if not fault.drip then return 0 end
  local bytes, seconds = fault.drip[1], fault.drip[2]
  return math.max(0, math.ceil(#response.body / math.max(1, bytes)) - 1) * seconds
end

-- What the client gets: an answer, or the reason why there is none.
local function outcome(fault, response)
  if fault.close then
    return { reason = fault.reset and "connection reset" or "connection closed" }
  end
  if is_cut(fault, response) then
    return { reason = "the connection ended within the answer", status = response.status,
      code = response.code }
  end
  return response
end

-- Lets the service act; returns what the client gets, and after how many seconds.
local function act(world, clock, record, fault)
  if fault.close == "before" then return outcome(fault), 0 end
  local reply = world:act(record, clock.time, fault)
  if fault.close then return outcome(fault), fault.delay or 0 end
  local response = answer.response(reply, fault)
  return outcome(fault, response), (fault.delay or 0) + dripping(fault, response)
end

local function hand_over(world, record, request, given)
  world:leave(record, given.status, given.code)
  if not given.reason then return request:answer(given.status, given.body, given.headers) end
  request:fail(given.reason, true)
end

---@param world geelark.simulator.World
---@param clock geelark.simulator.Clock
---@return fun(request: table) transport for the option of this name
return function(world, clock)
  return function(request)
    local record, fault, trouble = world:arrive({ method = "POST", path = request.path,
      headers = lower_names(request.headers), body = request.body }, clock.time)
    if trouble then
      world:leave(record)
      error(trouble, 0)
    end
    local function perform()
      local given, seconds = act(world, clock, record, fault)
      local function finish() return hand_over(world, record, request, given) end
      if seconds > 0 then clock:after(seconds, finish) else finish() end
    end
    if fault.stall then clock:after(fault.stall, perform) else perform() end
  end
end
