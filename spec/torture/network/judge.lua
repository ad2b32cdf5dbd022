-- Holds the account of a case against what its server did, and the requests on the server's log
-- against those on the account. Each complaint is a sentence.

local geelark = require "geelark"

local KINDS = { config = true, auth = true, quota = true, locked = true, refused = true,
  network = true, tls = true, timeout = true, server = true, protocol = true, cancelled = true,
  deadline = true }

local GONE, CONNECTED = 42001, 43006

-- What is known of a case, by id and by traceId.
local function survey(case)
  local known = { honest = {}, met = {}, state = {}, code = {}, complaints = {} }
  local honest = {}
  -- What a relay was told to break may have been an answer that the server takes for delivered.
  for _, entry in ipairs(case.fault.relayed and {} or case.server.log) do
    if entry.trace_id and not entry.fault then honest[entry.trace_id] = true end
    for _, id in ipairs(entry.honest and entry.ids or {}) do known.honest[id] = entry.number end
  end
  -- What the server didn't come to read the fault has met, too.
  for _, sent in ipairs(case.sends) do
    for _, id in ipairs(honest[sent.trace_id] and {} or sent.ids) do known.met[id] = true end
  end
  function known.complain(text, ...)
    known.complaints[#known.complaints + 1] = text:format(...)
  end
  return known
end

-- The account in itself: every id once and in order, lists and amounts that agree.
local function check_account(case, known)
  local result, complain, tally, position = case.result, known.complain, {}, 0
  for id, state, code in geelark.outcomes(result) do
    position = position + 1
    if case.world.ids[position] ~= id then complain("%s stands at position %d", id, position) end
    if known.state[id] then complain("%s is in two states", id) end
    known.state[id], known.code[id] = state, code
    tally[state] = (tally[state] or 0) + 1
  end
  local function agree(name, amount, ...)
    local sum = 0
    for _, state in ipairs { ... } do sum = sum + (tally[state] or 0) end
    if amount ~= sum then complain("%s is %d, outcomes say %d", name, amount, sum) end
  end
  agree("totalAmount", result.totalAmount, "deleted", "presumed", "failed", "unknown", "pending")
  agree("successAmount", result.successAmount, "deleted", "presumed")
  agree("failAmount", result.failAmount, "failed")
  agree("#failDetails", #result.failDetails, "failed")
  agree("#presumedIds", #result.presumedIds, "presumed")
  agree("#unknownIds", #result.unknownIds, "unknown")
  agree("#pendingIds", #result.pendingIds, "pending")
  if position ~= #case.world.ids then complain("%d ids have an outcome", position) end
end

-- Each rule returns what is wrong with an id of its state, or nothing.
local rules = {}

function rules.deleted(id, world)
  if not world.deleted[id] then return "deleted, and the server did not delete it" end
end

function rules.presumed(id, world, known)
  if not known.met[id] then return "presumed deleted, though no answer of its was lost" end
  -- One that never was there is answered as if it were gone.
  if not world.deleted[id] and world:code(id) ~= GONE then
    return "presumed deleted, and the server did not delete it"
  end
end

function rules.failed(id, world, known, case)
  local codes, code = case.fault.codes, known.code[id]
  if codes == true or (code == CONNECTED and world.first[id] == "viewed") then return end
  if world.deleted[id] then return "failed, and the server deleted it" end
  local allowed = code == world:code(id) or (codes and codes[code])
  if not allowed then return ("failed with %s"):format(tostring(code)) end
end

function rules.unknown(id, world, known, case)
  local again = case.stops and world:ran(id) -- deleted once more, when it was stopped
  if known.honest[id] and not again then return "unknown, after an honest answer" end
  if not known.met[id] then return "unknown, and was never asked for" end
end

function rules.pending(id, world, known)
  if world.deleted[id] then return "pending, and the server deleted it" end
  if known.honest[id] then return "pending, after an honest answer" end
end

local function check_world(case, known)
  for id, state in pairs(known.state) do
    local flaw = rules[state](id, case.world, known, case)
    if flaw then known.complain("%s is %s", id, flaw) end
  end
end

-- What is on the wire is on the account, once, and no more than that.
local function check_wire(case, known)
  local server, complain = case.server, known.complain
  local log, sends, attempts, amount, halved = server.log, case.sends, 0, 0, false
  for _, request in ipairs(case.result.requests) do
    attempts = attempts + request.attempts
    if request.halved then halved = true
    elseif request.action == "delete" then amount = amount + request.amount end
  end
  if attempts ~= #sends then complain("%d attempts, %d send events", attempts, #sends) end
  if #log > attempts then complain("%d requests on the wire, %d attempts", #log, attempts) end
  local unread = case.fault.relayed and server.connections or server.unread
  if not case.fault.refuses and #log + unread < attempts then
    complain("%d attempts; %d requests on the wire, %d unread", attempts, #log, server.unread)
  end
  local sent, seen, asked = {}, {}, {}
  for _, send in ipairs(sends) do
    sent[send.trace_id] = send
    for _, id in ipairs(send.ids) do asked[id] = true end
  end
  for _ in pairs(asked) do amount = amount - 1 end
  -- Halves that aren't sent any more have no entry.
  if not case.stops and (amount > 0 or (amount < 0 and not halved)) then
    complain("requests name %d ids more than were asked for", amount)
  end
  for _, entry in ipairs(log) do
    local trace = entry.trace_id
    if trace and not sent[trace] then complain("traceId %s was never sent", trace) end
    if trace and seen[trace] then complain("traceId %s came twice", trace) end
    if trace then seen[trace] = true end
    for i, id in ipairs(entry.ids or {}) do
      if sent[trace] and sent[trace].ids[i] ~= id then complain("%s asks for other ids", trace) end
      local settled = known.honest[id]
      local again = case.stops and case.world:ran(id)
      if settled and settled < entry.number and not again then
        complain("%s is asked for again", id)
      end
      if entry.action ~= "delete" and not again then
        complain("%s doesn't run, and is asked to %s", id, entry.action)
      end
    end
  end
end

local function check_secrets(case, known)
  local texts = { tostring(case.err) }
  for _, lost in pairs(case.lost) do texts[#texts + 1] = tostring(lost.message) end
  if table.concat(texts, "\n"):find(case.token, 1, true) then
    known.complain "a message holds the token"
  end
  if case.err and not KINDS[case.err.kind] then
    known.complain("the kind is %s", tostring(case.err.kind))
  end
end

-- What a client has to make of the fault: see faults/rows.lua.

-- The states that ids which met the fault may have at a job's end.
local function check_states(known, ...)
  local allowed = {}
  for _, state in ipairs { ... } do allowed[state] = true end
  for id in pairs(known.met) do
    local state = known.state[id]
    if not known.honest[id] and not allowed[state] then
      known.complain("%s met the fault and is %s", id, tostring(state))
    end
  end
end

local function check_whole(case, known)
  if case.err then known.complain("the job failed: %s", tostring(case.err)) end
end

local function check_no_presumed(case, known)
  if #case.result.presumedIds > 0 then known.complain "ids are presumed deleted" end
end

-- Asked again until an answer comes, or to the end.
local function repeated(...)
  local states = { ... }
  return function(case, known)
    if case.once then check_whole(case, known)
    else check_states(known, (table.unpack or unpack)(states)) end -- luacheck: ignore unpack
  end
end

local lost, unsent = repeated "unknown", repeated "pending"

local expected = { either = repeated("unknown", "pending") }

function expected.answer(case, known)
  check_whole(case, known)
  check_no_presumed(case, known)
  if #case.sends ~= case.chunks then known.complain("%d requests were sent", #case.sends) end
end

function expected.lost(case, known)
  lost(case, known)
  for id in pairs(known.met) do
    local obeyed = case.fault.obeys and not case.world:code(id)
    if case.once and obeyed and known.state[id] ~= "presumed" then
      known.complain("%s was deleted without an answer and is %s", id, known.state[id])
    end
  end
end

function expected.unsent(case, known)
  unsent(case, known)
  check_no_presumed(case, known)
end

function expected.halved(case, known)
  if case.once then check_whole(case, known) end
  check_states(known, "failed", "pending")
  check_no_presumed(case, known)
end

function expected.stops(case, known)
  if case.err and case.err.kind ~= case.fault.kind then
    known.complain("the kind is %s: %s", case.err.kind, tostring(case.err))
  elseif not case.err then
    known.complain "the job went on"
  end
  check_states(known, case.fault.state or "pending")
end

function expected.open(case, known)
  if case.once and not case.fault.relayed then check_whole(case, known) end
end

-- A job that stops phones goes on in spite of one fault, unless that ends the deleting.
local STOPS = { answer = true, lost = true, unsent = true, either = true, open = true }

local function check_stops(case, known)
  if case.expect == "stops" and case.err and case.err.kind ~= case.fault.kind then
    known.complain("the kind is %s: %s", case.err.kind, tostring(case.err))
  end
  for _, id in ipairs(case.result.stoppedIds) do
    if case.world.first[id] ~= "started" then known.complain("%s was not stopped", id) end
  end
  if not STOPS[case.expect] or case.fault.codes then return end
  check_whole(case, known)
  for id, state in pairs(known.state) do
    if case.world.first[id] == "started" and state ~= "deleted" and state ~= "presumed" then
      known.complain("%s was to be stopped and deleted, and is %s", id, state)
    end
  end
end

-- What the account left open is settled when the job goes on, and nothing else is asked for; the
-- server's world says again whether it is so.
local function check_resumed(case, known)
  local resumed, before, first = case.resumed, known.state, known.code
  if resumed.err then known.complain("resume failed: %s", tostring(resumed.err)) return end
  for id, state, code in geelark.outcomes(resumed.result) do
    local open = before[id] == "unknown" or before[id] == "pending"
    if open ~= (resumed.asked[id] or false) then
      known.complain("%s was %s; asked for again: %s", id, before[id], tostring(not open))
    elseif not open and (state ~= before[id] or code ~= first[id]) then
      known.complain("%s was %s, and became %s", id, before[id], state)
    elseif open and case.world.deleted[id] ~= (state ~= "failed" or nil) and
        not (state == "presumed" and case.world:code(id) == GONE) then
      known.complain("%s was %s, and is %s after resume", id, before[id], state)
    elseif open and (state == "unknown" or state == "pending") then
      known.complain("%s is %s after resume", id, state)
    end
  end
end

-- The table of faults is true to what the server did.
local function check_fault(case, known)
  local fault, met = case.fault, false
  for _, entry in ipairs(case.server.log) do
    met = met or entry.fault
    if entry.refusable and case.expect ~= "answer" then
      known.complain "a request came to a server that had to be refused"
    end
    local obeys, obeyed = fault.obeys or false, entry.obeyed or false
    if entry.fault and entry.ids and not fault.handshake and obeyed ~= obeys then
      known.complain("obeys = %s isn't so", tostring(fault.obeys))
    end
  end
  if fault.does and not met then known.complain "the fault never came" end
  for _, why in ipairs(case.server.errors) do known.complain("the server raised: %s", why) end
end

local judge = {}

---Complaints, none where all is well.
---@param case table that was run
---@return string[]
function judge.complaints(case)
  local known = survey(case)
  if not case.ended then known.complain "the job hangs" return known.complaints end
  if case.open > 0 then known.complain("%d connections stay open", case.open) end
  check_fault(case, known)
  check_account(case, known)
  check_world(case, known)
  check_wire(case, known)
  check_secrets(case, known)
  if case.stops then check_stops(case, known)
  elseif case.mode ~= "cut" then expected[case.expect](case, known) end
  if case.err then
    case:resume()
    check_resumed(case, known)
  end
  return known.complaints
end

return judge
