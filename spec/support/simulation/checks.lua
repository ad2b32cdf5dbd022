-- What must hold after every job, one small function for each promise. Each returns what is
-- wrong, or nothing.

local checks = {}

local function distinct(ids)
  local list, seen = {}, {}
  for _, id in ipairs(ids) do
    if not seen[id] then list[#list + 1] = id end
    seen[id] = true
  end
  return list
end

-- Every id's outcome; an id with two is told.
local function outcomes(run)
  local of, twice = {}, nil
  local function put(id, outcome)
    if of[id] then twice = id end
    of[id] = outcome
  end
  for _, failure in ipairs(run.result.failDetails) do put(failure.id, "failed") end
  for _, id in ipairs(run.result.unknownIds) do put(id, "unknown") end
  for _, id in ipairs(run.result.pendingIds) do put(id, "pending") end
  for _, id in ipairs(distinct(run.ids)) do of[id] = of[id] or "deleted" end
  return of, twice
end

function checks.one_outcome_for_each_id(run)
  local of, twice = outcomes(run)
  if twice then return "two outcomes for " .. twice end
  local count = { deleted = 0, failed = 0, unknown = 0, pending = 0 }
  local total = 0
  for _, outcome in pairs(of) do count[outcome], total = count[outcome] + 1, total + 1 end
  local r = run.result
  if total ~= #distinct(run.ids) then return "an id that was not asked for" end
  if r.totalAmount ~= total or r.successAmount ~= count.deleted or r.failAmount ~= count.failed
    or r.duplicateAmount ~= #run.ids - total then
    return "the amounts are wrong"
  end
end

function checks.the_callers_order(run)
  local position = {}
  for i, id in ipairs(distinct(run.ids)) do position[id] = i end
  local failed = {}
  for i, failure in ipairs(run.result.failDetails) do failed[i] = failure.id end
  for _, list in ipairs { failed, run.result.unknownIds, run.result.pendingIds,
    run.result.presumedIds, run.remaining } do
    for i = 2, #list do
      if position[list[i]] <= position[list[i - 1]] then return "order lost at " .. list[i] end
    end
  end
  if #run.remaining ~= #run.result.unknownIds + #run.result.pendingIds then
    return "remaining is not what is left"
  end
end

function checks.deleted_is_gone(run)
  for id, outcome in pairs((outcomes(run))) do
    if outcome == "deleted" and run.world.phones[id] ~= nil then return id .. " is alive" end
  end
end

function checks.failed_is_as_the_code_says(run)
  for _, failure in ipairs(run.result.failDetails) do
    local said = run.world.said[failure.id]
    if not said or said.code ~= failure.code then
      return ("%s never failed with %d"):format(failure.id, failure.code)
    end
    if failure.code == 42001 and run.world.phones[failure.id] ~= nil then
      return failure.id .. " exists"
    end
    if failure.msg ~= "m" .. failure.code then return "another msg" end
  end
end

-- Presumed are just the successes that rest on a 42001 after a lost answer.
function checks.presumed_only_after_a_lost_answer(run)
  local presumed = {}
  for _, id in ipairs(run.result.presumedIds) do presumed[id] = true end
  for id, outcome in pairs((outcomes(run))) do
    local said = run.world.said[id]
    local rests = said and said.code == 42001 and said.after_lost and outcome == "deleted" or false
    if outcome == "failed" and said.code == 42001 and said.after_lost then
      return id .. " failed though it may have been deleted by us"
    end
    if (presumed[id] or false) ~= rests then return id .. " is wrongly presumed, or not" end
  end
end

function checks.pending_was_never_acted_on(run)
  for _, id in ipairs(run.result.pendingIds) do
    if run.world.acted[id] then return id .. " was acted on" end
  end
end

function checks.bystanders_are_untouched(run)
  if run.world.phones.bystander ~= 0 then return "the bystander is gone" end
  if run.world.acted.bystander then return "the bystander was asked for" end
end

function checks.requests_are_well_formed(run)
  local traces = {}
  for _, call in ipairs(run.world.calls) do
    local seen = {}
    local size = #call.ids
    if size < 1 or size > run.options.chunk_size then return "a request of " .. size end
    if traces[call.traceId] then return "a traceId twice" end
    traces[call.traceId] = true
    for _, id in ipairs(call.ids) do
      if seen[id] then return id .. " twice in a request" end
      seen[id] = true
    end
  end
end

function checks.never_too_many_at_once(run)
  for _, call in ipairs(run.world.calls) do
    if call.in_flight > run.options.concurrency then return call.in_flight .. " in flight" end
  end
end

local function window_holds(times, limit, seconds)
  local first = 1
  for i, at in ipairs(times) do
    while times[first] < at - seconds do first = first + 1 end
    if i - first + 1 > limit then return false end
  end
  return true
end

function checks.never_over_the_quota(run)
  local seen, o = run.world.seen, run.options
  if o.requests_per_minute and not window_holds(seen, o.requests_per_minute, 60) then
    return "over the minute's limit"
  end
  if o.requests_per_hour and not window_holds(seen, o.requests_per_hour, 3600) then
    return "over the hour's limit"
  end
end

function checks.nothing_after_a_stop(run)
  for _, call in ipairs(run.calls_of_stopped_job) do
    if call.stopped then return "a request after a code that stops the job" end
  end
end

function checks.nothing_while_held(run)
  for _, call in ipairs(run.world.calls) do
    if call.held then return "a request while the service asked to wait" end
  end
end

function checks.every_request_is_on_the_account(run)
  local sum = 0
  for _, account in ipairs(run.result.requests) do sum = sum + account.attempts end
  if sum ~= run.sent then return ("%d requests on the account, %d sent"):format(sum, run.sent) end
end

-- Each chunk is tried `attempts` times at most, besides halving and waiting out a minute.
function checks.ends_within_bounds(run)
  local chunks = math.ceil(#distinct(run.ids) / run.options.chunk_size)
  local halves = 0
  for _, account in ipairs(run.result.requests) do
    if account.halved then halves = halves + 1 end
  end
  local most = (chunks + 2 * halves) * run.options.attempts + halves + run.world.throttled
  if run.sent > most then return ("%d requests, at most %d are implied"):format(run.sent, most) end
  -- Back-off, Retry-After, time-out, and a minute's quota or hold for each; an hour's quota.
  local seconds = (run.sent + 1) * (20 + 90 + run.options.timeout + 61 + 600)
    + (run.options.requests_per_hour and 3700 * run.sent or 0)
  if run.took > seconds then return ("%d s, at most %d are implied"):format(run.took, seconds) end
end

function checks.answered_in_the_end_is_settled(run)
  local on = run.on
  if not on.gentle or on.stop or on.lock or on.cancel or on.raise or on.deadline
    or run.options.dry_run then return end
  if run.options.requests_per_hour then return end
  if #run.remaining > 0 or run.err then return "ids are left though everything was answered" end
end

function checks.a_dry_run_sends_nothing(run)
  if not run.options.dry_run then return end
  if run.sent > 0 or run.err or #run.result.pendingIds ~= run.result.totalAmount then
    return "a dry run that did something"
  end
end

return checks
