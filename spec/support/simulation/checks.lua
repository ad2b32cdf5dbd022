-- What must hold of an account once its job is done, one small function for each promise. Each
-- returns what is wrong, or nothing.

local geelark = require "geelark"
local outcomes = require "spec.support.simulation.outcome"
local promises = require "spec.support.simulation.promises"
local running = require "spec.support.simulation.running"
local stopping = require "spec.support.simulation.stopping"

local TINY = 1e-3 -- seconds

local is_integer = math.type and function(n) return math.type(n) == "integer" end
  or function(n) return n % 1 == 0 end

local checks = {}

local function positions(ids)
  local position, count = {}, 0
  for _, id in ipairs(ids) do
    if not position[id] then
      count = count + 1
      position[id] = count
    end
  end
  return position, count
end

-- Each id's outcome, as the judge words them; an id with two is told.
local function read_outcomes(run)
  local of, twice = {}, nil
  local function put(id, outcome)
    if of[id] then twice = id end
    of[id] = outcome
  end
  local r = run.result
  for _, failure in ipairs(r.failDetails) do put(failure.id, "failed " .. failure.code) end
  for _, id in ipairs(r.unknownIds) do put(id, "unknown") end
  for _, id in ipairs(r.pendingIds) do put(id, "pending") end
  for _, id in ipairs(r.presumedIds) do put(id, "presumed") end
  for _, id in ipairs(run.judge.ids) do of[id] = of[id] or "deleted" end
  run.of, run.twice = of, twice
  run.position, run.distinct = positions(run.judge.ids)
end

local function one_outcome_for_each_id(run)
  if run.twice then return "two outcomes for " .. run.twice end
  local count, total = {}, 0
  for id, outcome in pairs(run.of) do
    if not run.position[id] then return id .. " was not asked for" end
    local state = outcome:match "^%a+"
    count[state], total = (count[state] or 0) + 1, total + 1
  end
  local r = run.result
  if r.totalAmount ~= total or r.failAmount ~= (count.failed or 0)
    or r.successAmount ~= (count.deleted or 0) + (count.presumed or 0)
    or r.duplicateAmount ~= #run.judge.ids - total then
    return "the amounts are wrong"
  end
  if not (is_integer(r.totalAmount) and is_integer(r.successAmount)
    and is_integer(r.failAmount)) then
    return "an amount is no integer"
  end
end

local function the_callers_order(run)
  local r, failed = run.result, {}
  for i, failure in ipairs(r.failDetails) do failed[i] = failure.id end
  local remaining = geelark.remaining(r)
  for _, list in ipairs { failed, r.unknownIds, r.pendingIds, r.presumedIds, remaining } do
    for i = 2, #list do
      if run.position[list[i]] <= run.position[list[i - 1]] then
        return "order lost at " .. list[i]
      end
    end
  end
  if #remaining ~= #r.unknownIds + #r.pendingIds then return "remaining is not what is left" end
end

-- What is true, whatever the answers were.
local function is_untrue(run, id, outcome)
  local world = run.world
  local lives = world.model.phones:state(id, world.clock.now) ~= nil
  local ours, told = run.judge.deleted_by_us[id], run.judge.told[id]
  if lives and (outcome == "deleted" or outcome == "presumed") then return "lives" end
  if lives and outcome == "failed 42001" then return "is no absent one" end
  -- One that was refused while it ran, and that a delete of long ago reached afterwards, failed.
  local was_told = told and told[outcome] and told[outcome] < (ours or 0)
  if ours and outcome:find "^failed" and not was_told then return "was deleted by us" end
  if ours and outcome == "pending" then return "was asked for and is gone" end
end

local function the_account_is_true(run)
  for id, outcome in pairs(run.of) do
    local wrong = is_untrue(run, id, outcome)
    if wrong then return ("%s is %s, and %s"):format(id, outcome, wrong) end
  end
end

-- Where no answer decided: never asked, it is pending; perhaps obeyed, it is unknown; refused as
-- running, it failed by that, but where a later delete may have been obeyed.
local function is_allowed(entry, word)
  if entry.allow then return entry.allow[word] end
  local left = { stopping = entry.stopping, asked = entry.asked, perhaps = entry.perhaps }
  outcomes.leave(left)
  if left.allow[word] then return true end
  return not outcomes.asked(entry) and entry.open_codes and entry.open_codes[word]
end

local function expected(entry)
  local left = { stopping = entry.stopping, asked = entry.asked, perhaps = entry.perhaps }
  outcomes.leave(left)
  local list = {}
  for word in pairs(entry.allow or left.allow) do list[#list + 1] = word end
  table.sort(list)
  return table.concat(list, " or ")
end

local function each_outcome_is_as_the_answers_say(run)
  for id, word in pairs(run.of) do
    local entry = run.judge.of[id]
    if not is_allowed(entry, word) then
      return ("%s is %s and should be %s"):format(id, word, expected(entry))
    end
  end
end

-- Whether the stopping of a phone may have come to its end without its delete.
local function may_fall_back(run, s)
  local judge = run.judge
  return judge.stopping_may_end or s.open or s.perhaps or judge.clock.was_set_back
    or judge.clock.now >= s.since + stopping.timeout(judge.options) - TINY
end

-- An id is left only where its tries ran out or something stopped the job.
local function nothing_is_left_without_a_reason(run)
  local judge = run.judge
  if judge.may_stop then return end
  for id, word in pairs(run.of) do
    local entry = judge.of[id]
    local tries = entry.tries + judge:tries_before(id)
    local is_left = word == "unknown" or word == "pending" or entry.stopping
    local may_end = entry.stopping and may_fall_back(run, entry.stopping)
    if is_left and not entry.allow and not entry.open_codes and not may_end
      and tries < judge.options.attempts then
      return ("%s is left %s for no reason"):format(id, word)
    end
  end
end

-- Exactly those for which a stop was accepted, in the caller's order.
local function stopped_ids_are_those_stopped(run)
  local list, accepted = run.result.stoppedIds, run.judge.accepted
  if not promises.stop_started then return end
  local is_listed = {}
  for i, id in ipairs(list) do
    if not accepted[id] then return id .. " was not stopped" end
    if is_listed[id] then return id .. " is stopped twice" end
    is_listed[id] = true
    if i > 1 and run.position[id] <= run.position[list[i - 1]] then
      return "order lost at " .. id
    end
  end
  for id, how in pairs(accepted) do
    if how == true and not is_listed[id] then return id .. " was stopped, and isn't told so" end
  end
end

local function an_error_is_told_where_ids_are_left(run)
  local r, err, judge = run.result, run.err, run.judge
  local left = #r.unknownIds + #r.pendingIds
  if (err ~= nil) ~= (left > 0) and not (err and judge.kinds.callback) then
    return left .. " ids are left, err is " .. tostring(err)
  end
  if not err then return end
  if tostring(err) == "" or tostring(err):find(run.world.token, 1, true) then
    return "a bad message: " .. tostring(err)
  end
  if not judge.any_kind and not judge.kinds[err.kind] then
    return ("kind %s, which nothing led to: %s"):format(tostring(err.kind), tostring(err))
  end
end

-- Where nothing goes wrong the account is what the world's phones are.
local function a_calm_world_is_as_it_is_told(run)
  local judge, plan = run.judge, run.world.plan
  if not judge.calm or not judge.options.stop_started then return end
  local timeout = stopping.timeout(judge.options)
  for id, word in pairs(run.of) do
    local ending, is_stopped = running.ending(plan, id, timeout)
    if ending and word ~= ending then return ("%s is %s, not %s"):format(id, word, ending) end
    if is_stopped ~= nil and is_stopped ~= (judge.accepted[id] ~= nil) then
      return ("%s: stopped %s"):format(id, tostring(judge.accepted[id]))
    end
  end
  local took = judge.clock.now - judge.began
  if took > timeout + 15 then return ("%.0f s, with a stop_timeout of %d"):format(took, timeout) end
end

local function every_request_is_on_the_account(run)
  local judge, sum, count = run.judge, {}, {}
  for _, account in ipairs(run.result.requests) do
    local action = account.action or not promises.stop_started and "delete"
    if not judge.sent_of[action] then return "an action " .. tostring(action) end
    sum[action] = (sum[action] or 0) + account.attempts
    count[action] = (count[action] or 0) + 1
  end
  for action, sent in pairs(judge.sent_of) do
    local here = sent - (judge.sent_before[action] or 0)
    local summed = sum[action] or 0
    if summed ~= sent and summed ~= here then
      return ("%d requests of %s on the account, %d sent"):format(summed, action, sent)
    end
    local told, settled = judge.told_of[action], count[action] or 0
    local tells_all = judge.announces and not judge.kinds.callback and not judge.was_cut
    if tells_all and told ~= settled then
      return ("%d chunks of %s are told, %d on the account"):format(told, action, settled)
    end
  end
end

local function outcomes_are_in_the_callers_order(run)
  if not promises.outcomes then return end
  local last = 0
  for id, state, code in geelark.outcomes(run.err or run.result) do
    local at = run.position[id]
    if at ~= last + 1 then return "outcomes: " .. tostring(id) .. " stands elsewhere" end
    last = at
    local outcome = state == "failed" and "failed " .. code or state
    if outcome ~= run.of[id] then return "outcomes: " .. id .. " is " .. outcome end
  end
  if last ~= run.distinct then return "outcomes: some are missing" end
end

-- Back-off, Retry-After, time-out, a minute's quota or hold for each request of the client; an
-- hour's quota; what the host itself wasted.
local function it_ends_in_time(run)
  local o, judge, clock = run.judge.options, run.judge, run.world.clock
  local sent = #run.world.client_calls -- of any action
  local seconds = (sent + 1) * (20 + o.timeout + 61 + (o.max_wait or 120))
    + (o.requests_per_hour and 3700 * sent or 0) + clock.wasted
  local took = clock.now - judge.began
  if took > seconds then return ("%.0f s, at most %.0f are implied"):format(took, seconds) end
end

local strict = { one_outcome_for_each_id, the_callers_order, the_account_is_true,
  each_outcome_is_as_the_answers_say, nothing_is_left_without_a_reason,
  stopped_ids_are_those_stopped, a_calm_world_is_as_it_is_told,
  an_error_is_told_where_ids_are_left, every_request_is_on_the_account,
  outcomes_are_in_the_callers_order, it_ends_in_time }
-- Where time itself can't be trusted.
local relaxed = { one_outcome_for_each_id, the_callers_order, the_account_is_true }

local function a_dry_run_sends_nothing(run)
  local r = run.result
  local erred = run.err and not run.judge.relaxed -- a broken clock is told here, too
  local sent = run.judge.sent_of
  if sent.delete + sent.stop + sent.status + #(r.stoppedIds or {}) > 0 or erred
    or #r.pendingIds ~= r.totalAmount then
    return "a dry run that did something"
  end
end

---@return string|nil wrong
function checks.account(run)
  read_outcomes(run)
  if run.judge.options.dry_run then return a_dry_run_sends_nothing(run) end
  for _, check in ipairs(run.judge.relaxed and relaxed or strict) do
    local wrong = check(run)
    if wrong then return wrong end
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

--- What holds of a client, whatever became of its jobs.
---@return string|nil wrong
function checks.client(world, options)
  local per_minute, per_hour = options.requests_per_minute, options.requests_per_hour
  for action, times in pairs(world.arrivals) do
    if per_minute and not window_holds(times, per_minute, 60) then
      return "over the minute's quota of " .. action
    end
    if per_hour and not window_holds(times, per_hour, 3600) then
      return "over the hour's quota of " .. action
    end
  end
  for id, state in pairs(world.bystanders) do
    if world.model.phones:state(id, world.clock.now) ~= state then return id .. " is gone" end
  end
end

return checks
