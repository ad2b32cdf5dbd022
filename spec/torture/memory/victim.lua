-- What a victim runs before its scenario: how jobs are driven while allocations fail, and how it
-- tells afterwards what its account says. Its globals `ask`, `pump` and `note` call the state that
-- looks on; `now`, `pass` and `disarm` are lab.c's.

if jit then jit.off() end -- its traces are memory, too

local TRIES = 3        -- calls that may fail before nothing fails any more
local STEPS = 20000    -- of one job
local STEP_SECONDS = 1e-3 -- that pass while an answer is awaited

local failures = 0

-- What is raised has to be Lua's own memory error.
local function forgive(message)
  if not tostring(message):find "not enough memory" then error(message, 0) end
  failures = failures + 1
  if failures == TRIES then disarm() end
end

-- Calls f until it doesn't raise.
function insist(f, ...)
  for _ = 1, 2 * TRIES do
    local ok, value, err = pcall(f, ...)
    if ok then return value, err end
    forgive(value)
  end
  error("it raises again and again", 0)
end

-- Nothing in here allocates by itself.
function drive(job)
  for _ = 1, STEPS do
    local ok, done = pcall(job.step, job)
    if not ok then forgive(done) end
    if ok and done then return end
    if network then pump() end
    local told, progress = pcall(job.progress, job)
    local waits = told and progress.inFlight == 0
    local known, seconds = pcall(job.timeout, job)
    pass(waits and known and seconds and seconds > STEP_SECONDS and seconds or STEP_SECONDS)
  end
  error("the job has no end", 0)
end

clock = { now = now, sleep = pass, seed = 1 }

-- The service, without a socket.
function transport(request)
  return ask(request.path, request.headers.Authorization, request.traceId, request.body, now())
end

-- Options for the service, over whichever transport the world has.
function options(more)
  local o = { token = "simulator", clock = clock, base_url = base_url, ca_file = ca_file }
  if app_id then o.token, o.app_id, o.api_key = nil, app_id, api_key end
  if not network then o.transport = transport end
  if network then o.timeout = 2 end
  for name, value in pairs(more or {}) do o[name] = value end
  return o
end

-- An account as text: "state id code" of each id, the sum of attempts, the kind. An id that
-- stands in two lists stands there twice.
function tell(account)
  local result, lines = account.result or account, {}
  for id, state, code in geelark.outcomes(account) do
    lines[#lines + 1] = ("%s %s %s"):format(state, id, code or "-")
  end
  local times = {}
  local function count(id) times[id] = (times[id] or 0) + 1 end
  for _, list in ipairs { result.presumedIds, result.unknownIds, result.pendingIds } do
    for _, id in ipairs(list) do count(id) end
  end
  for _, failure in ipairs(result.failDetails) do count(failure.id) end
  for id, n in pairs(times) do
    if n > 1 then lines[#lines + 1] = "twice " .. id .. " -" end
  end
  local attempts = 0
  for _, request in ipairs(result.requests) do attempts = attempts + request.attempts end
  return ("%s\nkind %s\nattempts %d\ntotal %d %d\n"):format(table.concat(lines, "\n"),
    account.kind or "-", attempts, result.totalAmount, result.successAmount + result.failAmount
    + #result.unknownIds + #result.pendingIds)
end

function setup()
  if scenario.setup then scenario.setup() end
end

function act() scenario.act() end

-- What the scenario's account says, now that nothing fails; no text: there is none.
function finish()
  local account = scenario.finish()
  return account and tell(account) or ""
end

-- An ordinary delete of other phones in the same state.
function ordinary()
  local job = geelark.start(more_ids, options())
  drive(job)
  local result, err = job:result()
  return tell(result or err)
end
