-- What the adversary lets become of a request. Each fate is drawn when the request is dealt with
-- at the service's end; it may let the service act, and tells what is handed to the engine and
-- what that means by the rules (`class`, see judge.lua; `named`: what a sound answer says of each
-- id that failed; `kinds`: which kinds of err it may lead to, nil for any).

local answer = require "geelark.simulator.answer"
local classes = require "spec.support.simulation.classes"
local lie = require "spec.support.simulation.lies"
local running = require "spec.support.simulation.running"
local status_lie = require "spec.support.simulation.status_lies"

local STATUSES = { 201, 302, 400, 401, 403, 404, 408, 409, 429, 500, 502, 503, 504, 524 }
local NO_ENVELOPE = { "", "<html>", '{"a":1}', '{"code":', '{"code":null}', "[]", "null", "7" }
local NETWORK, SERVER, PROTOCOL = { "network" }, { "server", "protocol", "timeout" }, { "protocol" }

local function response_text(reply, fault) return answer.response(reply, fault or {}).body end

local function any_status(world)
  if world.on.statuses and world.random:chance(0.5) then return world.random:pick(STATUSES) end
  return 200
end

local function date(seconds)
  return os.date("!%a, %d %b %Y %H:%M:%S GMT", 1e9 + seconds)
end

local WRONG = { "soon", "-5", "1e3", "0x10", "", "1.5", "12 s" }

-- Headers that ask for patience, and the seconds that they mean.
local function retry_after(world)
  local random = world.random
  if random:chance(0.6) then return nil end
  if random:chance(0.2) then return { ["Retry-After"] = random:pick(WRONG) } end
  local seconds = random:chance(0.8) and random:between(1, 90) or random:between(121, 4000)
  if random:chance(0.5) then return { ["Retry-After"] = tostring(seconds) }, seconds end
  return { ["retry-after"] = date(seconds), Date = date(0) }, seconds
end

-- Behind 408, 429 and 5xx a code that isn't known counts as no envelope.
local function envelope(world, code, status)
  local class, kinds = classes.of(code)
  if class == "unknown_code" and (status == 408 or status == 429 or status >= 500) then
    class, kinds = status == 429 and "again" or "lost", status == 429 and { "quota" } or SERVER
  end
  local reply = world.model:envelope(world.acting.record, code)
  local fate = { class = class, kinds = kinds, code = code, status = status,
    body = response_text(reply) }
  if world.random:chance(0.3) then
    local data = world.random:pick { "null", "{}", '"the reason"', "[]" }
    fate.body = fate.body:sub(1, -2) .. ',"data":' .. data .. "}"
  end
  return fate
end

-- The service does what is asked, unless it refuses of its own accord.
local function act(world)
  local call = world.acting
  local reply = world.model:act(call.record, world.clock.now)
  world.acts = world.acts + 1
  for _, id in ipairs(call.record.deleted) do call.account[id] = world.acts end
  if call.action == "stop" then running.stopped(world, call.ids) end
  return reply
end

local function maybe_act(world)
  if world.random:chance(0.6) then act(world) end
end

-- What the service says of its own accord, where that is a refusal of the whole.
local function refused(world, reply)
  if reply.data then return nil end
  local fate = envelope(world, reply.code, 200)
  fate.body = response_text(reply)
  return fate
end

local function failures_of(data)
  local named = {}
  for _, failure in ipairs(data.failDetails) do named[failure.id] = failure.code end
  return named
end

local function statuses_of(data)
  local statuses = {}
  for _, phone in ipairs(data.successDetails or {}) do statuses[phone.id] = phone.status end
  return statuses
end

-- What stop says of those that went well can't be relied on.
local function add_successes(world, data)
  if world.acting.action ~= "stop" or not world.random:chance(0.2) then return end
  data.successDetails = {}
  for i, id in ipairs(world.acting.ids) do
    if world.random:chance(0.5) then
      data.successDetails[#data.successDetails + 1] = { id = id, serialName = "", status = i % 4 }
    end
  end
end

-- A true answer in one of the forms that it may have.
local function true_answer(world, reply)
  local random, on, fault = world.random, world.on.variants, {}
  local data = reply.data
  local named = failures_of(data)
  if on then
    fault.integer_ids, fault.string_numbers = random:chance(0.3), random:chance(0.3)
    if data.failAmount == 0 then fault.fail_details = random:pick { "null", "absent", "empty" } end
    if random:chance(0.2) then reply.traceId = random:pick { "", "of-a-gateway" } end
    if random:chance(0.1) then fault.msg = ("云"):rep(random:between(1, 600)) end
    add_successes(world, data)
  end
  return { class = "sound", named = named, statuses = statuses_of(data), kinds = {},
    status = any_status(world), body = response_text(reply, fault), honest = true,
    headers = on and random:chance(0.2) and { ["Retry-After"] = "3000" } or nil }
end

local function honest(world)
  local reply = act(world)
  return refused(world, reply) or true_answer(world, reply)
end

local fates = { honest = honest }

function fates.lost(world)
  maybe_act(world)
  return { class = "lost", fail = "connection reset", sent = true, kinds = NETWORK }
end

function fates.unsent()
  return { class = "again", fail = "connection refused", sent = false, kinds = NETWORK }
end

function fates.never(world)
  maybe_act(world)
  return nil
end

function fates.again(world)
  if world.random:chance(0.3) then return envelope(world, 40001, any_status(world)) end
  local headers, seconds = retry_after(world)
  return { class = "again", status = 429, body = world.random:pick(NO_ENVELOPE), headers = headers,
    retry_after = seconds, kinds = { "quota" } }
end

function fates.garbage(world)
  maybe_act(world)
  local status, headers, seconds = world.random:pick { 200, 408, 500, 502, 503, 524 }, nil, nil
  if status >= 500 then headers, seconds = retry_after(world) end
  return { class = "lost", status = status, body = world.random:pick(NO_ENVELOPE), kinds = SERVER,
    headers = headers, retry_after = seconds }
end

function fates.lost_codes(world)
  maybe_act(world)
  return envelope(world, world.random:pick { 40000, 50000 }, any_status(world))
end

-- What the service would say that has deleted all, whether or not it has done anything.
local function claim(world, code)
  local ids = world.acting.ids
  local reply = world.model:envelope(world.acting.record, code)
  reply.data = { totalAmount = #ids, successAmount = #ids, failAmount = 0, failDetails = {} }
  return reply
end

function fates.lies(world)
  local reply = world.random:chance(0.7) and act(world) or claim(world, 0)
  local refusal = refused(world, reply)
  if refusal then return refusal end
  local successes = reply.data.successDetails
  if successes and successes[1] and world.random:chance(0.5) then
    local named, statuses = failures_of(reply.data), statuses_of(reply.data)
    local body, class, omitted = status_lie(reply, world.random)
    for _, id in ipairs(omitted or {}) do statuses[id] = nil end
    return { class = class, named = class == "murky" and named or nil, statuses = statuses,
      status = 200, body = body, kinds = PROTOCOL }
  end
  local body = lie(reply, world.acting, world.random)
  if reply.code == 40009 then -- which says by itself that all failed
    return { class = "unclear", code = 40009, status = 200, body = body }
  end
  return { class = "lost", status = 200, body = body, kinds = PROTOCOL }
end

-- The answer of another request of this client, word for word, or one that bears its traceId.
function fates.replays(world)
  local random, other = world.random, world:another_call()
  if not other then return honest(world) end
  local reply = random:chance(0.6) and act(world) or claim(world, 0)
  local body = other.body
  if not body or random:chance(0.5) then
    reply.traceId = other.traceId
    body = response_text(reply)
  end
  return { class = "lost", status = 200, body = body, kinds = PROTOCOL }
end

-- A code of failure over data that claim success; all failed, and the data say otherwise.
function fates.unclear(world)
  local random = world.random
  local code = random:pick { 40004, 40005, 40009, 40010, 43009, 43021 }
  local reply = random:chance(0.7) and act(world) or claim(world, code)
  local refusal = refused(world, reply)
  if refusal then return refusal end
  if reply.data.successAmount == 0 then return true_answer(world, reply) end
  reply.code = code
  return { class = "unclear", code = code, status = any_status(world),
    body = response_text(reply) }
end

-- The whole is refused for one id's sake, or for none that anybody knows of.
function fates.refusals(world)
  local code = world.random:pick { 40004, 40005, 40010, 43004, 43009, 43021, 43039 }
  for _, id in ipairs(world.acting.ids) do
    if not world.model.phones:state(id, world.clock.now) and world.random:chance(0.5) then
      code = 42001
    end
  end
  return envelope(world, code, any_status(world))
end

-- All failed, and it isn't said how.
function fates.all_failed(world)
  local reply = act(world)
  local refusal = refused(world, reply)
  if refusal then return refusal end
  if reply.data.successAmount > 0 then return true_answer(world, reply) end
  if world.random:chance(0.5) then return envelope(world, 40009, any_status(world)) end
  local fate = envelope(world, 40009, 200)
  reply.code = 40009
  local how = world.random:pick { "null", "absent", "empty" }
  fate.body = response_text(reply, { fail_details = how })
  return fate
end

function fates.held(world)
  return envelope(world, world.random:pick { 40007, 40007, 40017 }, any_status(world))
end

function fates.stop(world)
  return envelope(world, world.random:pick(classes.stop_codes), any_status(world))
end

function fates.lock(world)
  local code = world.random:pick { 40014, 40014, 47002 }
  world.locked[world.acting.action] = code
  return envelope(world, code, any_status(world))
end

-- Once locked, a path stays so.
function fates.locked(world)
  return envelope(world, world.locked[world.acting.action], 200)
end

function fates.http(world)
  local status = world.random:pick { 301, 302, 400, 404, 405, 413, 401, 403 }
  return { class = "stop", why = "HTTP " .. status, status = status,
    body = world.random:pick(NO_ENVELOPE),
    kinds = (status == 401 or status == 403) and { "auth" } or PROTOCOL }
end

-- Over data that claim success, too: only known codes let them.
function fates.unknown_code(world)
  local random = world.random
  local status, code = any_status(world), random:pick(classes.unknown_codes)
  local fate = envelope(world, code, status)
  if fate.class ~= "again" and random:chance(0.5) then
    maybe_act(world)
    if random:chance(0.5) then fate.body = response_text(claim(world, code)) end
  end
  return fate
end

return fates
