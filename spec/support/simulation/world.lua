-- The service as it might be, in virtual time: phones that are deleted, answers that are true,
-- late, lost or lies, and a memory of what really happened, which the checks ask.

local stop_codes = { 40002, 40003, 40011, 40012, 40013, 40015, 40016, 41001, 46001, 90001, 90004 }
local sure_statuses = { 301, 302, 400, 404, 401, 403 }

local World = {}
World.__index = World

-- What the service says ---------------------------------------------------------------

local function text(value)
  return '"' .. value:gsub('[\\"]', "\\%0") .. '"'
end

local function is_number(id)
  return #id <= 18 and id:find "^[1-9]%d*$" ~= nil
end

local function entry(id, code, how)
  local written = how.integers and is_number(id) and id or text(id)
  local number = how.strings and text(("%d"):format(code)) or ("%d"):format(code)
  return ('{"code":%s,"id":%s,"msg":"m%d"}'):format(number, written, code)
end

local function amount(value, how)
  return how.strings and text(("%d"):format(value)) or ("%d"):format(value)
end

local function envelope(code, total, success, failed, list, how)
  local details = #list > 0 and "[" .. table.concat(list, ",") .. "]" or how.empty
  return ('{"code":%s,"msg":"m","data":{"totalAmount":%s,"successAmount":%s,"failAmount":%s%s}}')
    :format(amount(code, how), amount(total, how), amount(success, how), amount(failed, how),
      details and ',"failDetails":' .. details or "")
end

local function bare(code)
  return ('{"code":%d,"msg":"m%d"}'):format(code, code)
end

-- Acting --------------------------------------------------------------------------------

-- Deletes what can be deleted; returns what failed, in order.
local function act(self, ids)
  local failed = {}
  for _, id in ipairs(ids) do
    local state = self.phones[id]
    self.acted[id] = true
    if state == 0 then self.phones[id] = nil
    else failed[#failed + 1] = { id = id, code = state or 42001 } end
  end
  return failed
end

local function how(self)
  local random, on = self.random, self.on.variants
  return { integers = on and random:chance(0.3), strings = on and random:chance(0.3),
    empty = on and random:pick { "[]", "null", false } or "[]" }
end

-- A true answer; `named` is what it says of each failed id.
local function true_answer(self, ids)
  local failed, list, named, way = act(self, ids), {}, {}, how(self)
  for i, failure in ipairs(failed) do
    list[i] = entry(failure.id, failure.code, way)
    named[failure.id] = failure.code
  end
  local code = #failed == 0 and 0 or self.random:pick { 0, #failed == #ids and 40009 or 40006 }
  return { status = 200, named = named, sure = true,
    body = envelope(code, #ids, #ids - #failed, #failed, list, way) }
end

-- Acts, and answers what doesn't add up. What it names as failed is true all the same.
local function lying_answer(self, ids)
  local failed, list, named, way = act(self, ids), {}, {}, how(self)
  for i, failure in ipairs(failed) do
    list[i] = entry(failure.id, failure.code, way)
    named[failure.id] = failure.code
  end
  local n, f = #ids, #failed
  local forms = {
    function() return envelope(0, n + 1, n + 1 - f, f, list, way) end,
    function() return envelope(0, n, n - f + 1, f, list, way) end,
    function() list[#list + 1] = entry("stranger", 43009, way)
      return envelope(0, n, n - f - 1, f + 1, list, way) end,
    function() named = {} return envelope(40006, n, n - f, f, {}, { empty = "null" }) end,
    function() return envelope(0, n, n - f - 1, f + 1, list, way) end,
    function() named = {} return bare(0) end,
    function() named = {} return bare(40006) end,
  }
  local form = self.random:between(f > 0 and 1 or 5, #forms)
  if f == 0 and form == 4 then form = 5 end
  local body = forms[form]() -- which may take back what it names
  return { status = 200, named = named, body = body }
end

-- One request's fate ------------------------------------------------------------------------

local function retry_after(self)
  local seconds = self.random:between(1, 90)
  if self.random:chance(0.5) then return { ["Retry-After"] = tostring(seconds) } end
  local date = "!%a, %d %b %Y %H:%M:%S GMT"
  return { ["retry-after"] = os.date(date, 1e9 + seconds), Date = os.date(date, 1e9) }
end

local fates = {
  lost = function(self, ids)
    if self.random:chance(0.5) then act(self, ids) end
    return { fail = "reset", sent = true }
  end,
  unsent = function() return { fail = "refused", sent = false, sure = true } end,
  never = function(self, ids)
    if self.random:chance(0.5) then act(self, ids) end
    return { never = true }
  end,
  again = function(self)
    if self.random:chance(0.5) then
      return { status = 429, body = "", sure = true,
        headers = self.random:chance(0.5) and retry_after(self) or nil }
    end
    return { status = 200, body = bare(40001), sure = true }
  end,
  garbage = function(self, ids)
    if self.random:chance(0.5) then act(self, ids) end
    local status = self.random:pick { 200, 500, 502, 503, 524, 408 }
    local body = self.random:pick { "", "<html>", '{"a":1}', '{"code":', '{"code":null}', "[]" }
    if self.random:chance(0.2) then status, body = 200, bare(self.random:pick { 40000, 50000 }) end
    return { status = status, body = body,
      headers = status == 503 and retry_after(self) or nil }
  end,
  lies = lying_answer,
  refuse = function(self, ids)
    local code, named = self.random:pick { 40010, 43021, 12345 }, {}
    for _, id in ipairs(ids) do named[id] = code end
    return { status = 200, body = bare(code), named = named, sure = true }
  end,
}
local soft = { "lost", "unsent", "never", "again", "garbage", "lies" }

-- Whether one more fault leaves every id a try, and the service alive.
local function may_fault(self, ids)
  if not self.on.gentle then return true end
  local silent = self.silent
  for _ in pairs(self.in_flight) do silent = silent + 1 end -- each may yet be one
  if silent >= 8 then return false end
  for _, id in ipairs(ids) do
    if (self.faults[id] or 0) >= self.options.attempts - 1 then return false end
  end
  return true
end

local function draw_fault(self, ids)
  for _, name in ipairs(soft) do
    if self.on[name] and self.random:chance(0.2) and may_fault(self, ids) then
      for _, id in ipairs(ids) do self.faults[id] = (self.faults[id] or 0) + 1 end
      return fates[name](self, ids)
    end
  end
end

local function in_window(self, seconds)
  local count = 0
  for i = #self.seen, 1, -1 do
    if self.seen[i] <= self.clock.now - seconds then break end
    count = count + 1
  end
  return count
end

-- The minute's limit, in a sliding or a fixed window, shared with a second client.
local function over_the_minute(self)
  if not self.on.throttle then return false end
  local window = self.fixed and self.clock.now % 60 or 60
  local others = self.on.second_client and self.random:between(0, 2) or 0
  return self.throttled < 20 and in_window(self, window) + others > self.options.requests_per_minute
end

local function refusal(self)
  local random, on = self.random, self.on
  if self.locked then return { status = 200, body = bare(40014), sure = true, stop = true } end
  if on.lock and random:chance(0.05) then
    self.locked = true
    return { status = 200, body = bare(random:pick { 40014, 47002 }), sure = true, stop = true }
  end
  if on.stop and random:chance(0.05) then
    return { status = 200, body = bare(random:pick(stop_codes)), sure = true, stop = true }
  end
  if on.statuses and on.stop and random:chance(0.05) then
    return { status = random:pick(sure_statuses), body = "no", sure = true, stop = true }
  end
  if over_the_minute(self) or (on.throttle and self.throttled < 20 and random:chance(0.03)) then
    self.throttled = self.throttled + 1
    return { status = 200, body = bare(40007), sure = true, hold = 60 }
  end
  if on.alone and self.throttled < 20 and random:chance(0.05) then
    self.throttled = self.throttled + 1
    return { status = 200, body = bare(40017), sure = true, hold = 60 }
  end
end

local function bad_among(self, ids)
  for _, id in ipairs(ids) do if self.bad[id] then return true end end
  return false
end

-- What becomes of a request that arrives now.
local function judge(self, ids)
  self.seen[#self.seen + 1] = self.clock.now
  local fate = refusal(self) or draw_fault(self, ids)
  if fate then return fate end
  if bad_among(self, ids) then
    local code = self.random:pick { 40004, 40005 }
    return { status = 200, body = bare(code), sure = true,
      named = #ids == 1 and { [ids[1]] = code } or nil }
  end
  if self.on.refuse and self.random:chance(0.05) then return fates.refuse(self, ids) end
  return true_answer(self, ids)
end

-- The wire ------------------------------------------------------------------------------------

-- No answer came in time, so that the engine has to take it for lost.
local function give_up(self, request)
  if not self.in_flight[request] then return end
  self.in_flight[request] = nil
  self.silent = self.silent + 1
  for _, id in ipairs(request.ids) do self.lost[id] = true end
end

local function count_in_flight(self)
  local count, late = 0, {}
  for request, till in pairs(self.in_flight) do
    if till <= self.clock.now + 1e-6 then late[#late + 1] = request else count = count + 1 end
  end
  for _, request in ipairs(late) do give_up(self, request) end
  return count
end

-- Notes a request as it leaves; what is wrong with it is found by the checks.
local function note(self, request)
  self.calls[#self.calls + 1] = { ids = request.ids, traceId = request.traceId,
    at = self.clock.now, in_flight = count_in_flight(self) + 1, stopped = self.stopped,
    held = self.clock.now < self.held_until - 1e-6 }
  self.in_flight[request] = self.clock.now + self.options.timeout
end

-- The engine is about to learn this: from here on ids may be presumed, or nothing may be sent.
local function deliver(self, request, fate)
  self.in_flight[request] = nil
  for _, id in ipairs(request.ids) do
    local code = fate.named and fate.named[id]
    if code then
      self.said[id] = { code = code, after_lost = self.lost[id] or false }
    elseif not fate.sure then
      self.lost[id] = true
    end
  end
  if fate.stop then self.stopped = true end
  if fate.hold then self.held_until = math.max(self.held_until, self.clock.now + fate.hold) end
  self.silent = (fate.body and (fate.status == 429 or fate.body:find '"code":%d')
    and fate.status < 500 and fate.status ~= 408) and 0 or self.silent + 1
end

local function answer_later(self, request, arrival, reply)
  local waiting_for = self.job
  local till = self.in_flight[request]
  self.clock:after(till - self.clock.now, function() give_up(self, request) end)
  self.clock:after(arrival, function()
    local fate = judge(self, request.ids)
    if fate.never then return end
    self.clock:after(reply, function()
      if self.job ~= waiting_for then return end
      if self.clock.now + 1e-6 >= till then give_up(self, request) end
      if not self.in_flight[request] then return end
      deliver(self, request, fate)
      if fate.fail then request:fail(fate.fail, fate.sent)
      else request:answer(fate.status, fate.body, fate.headers) end
      return true
    end)
  end)
end

function World:transport(request)
  note(self, request)
  local random = self.random
  -- A machine that sleeps with requests on their way may let any of them come in late.
  if self.on.steps and not self.on.latency and random:chance(0.05) then
    self.clock:jump(random:between(1, 100))
  end
  if self.on.steps and random:chance(0.05) then self.clock:set_back(random:between(1, 500)) end
  if self.on.raise and random:chance(0.02) then
    act(self, request.ids)
    give_up(self, request)
    error "the caller's mistake"
  end
  if self.on.latency then
    local third = self.options.timeout / 3 -- what arrives, arrives before it is given up
    local reply = third * (self.on.never and not self.on.gentle and 2.5 or 1.9)
    return answer_later(self, request, random:next() * third, random:next() * reply)
  end
  local fate = judge(self, request.ids)
  if fate.never then
    local till = self.in_flight[request]
    return self.clock:after(till - self.clock.now, function() give_up(self, request) end)
  end
  deliver(self, request, fate)
  if fate.fail then return nil, fate.fail, fate.sent end
  return fate.status, fate.body, fate.headers
end

---@param plan table from draw.lua
return function(plan, random, clock)
  return setmetatable({ random = random, clock = clock, on = plan.on, options = plan.options,
    phones = plan.phones, bad = plan.bad, fixed = random:chance(0.5),
    acted = {}, lost = {}, said = {}, faults = {}, seen = {}, calls = {}, in_flight = {},
    silent = 0, throttled = 0, held_until = -1, stopped = false }, World)
end
