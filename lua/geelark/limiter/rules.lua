-- The rules by which requests are let through, for every store alike: as text, since Redis runs
-- them itself, and as plain Lua 5.1, which is what Redis runs.
--
-- A request ends when its answer came, and until then counts as ending when its time will be over:
-- what a dead holder had in flight ends by itself. It counts in a window until the window's length
-- after its end. So whether there is room is one look at the request that ends as the limit's
-- last one from above.
--
-- Nobody starves: who is refused gets a place in a line and keeps it until it is let through, and
-- however many come after it, they leave it the room that it waits for. Each is told when its own
-- turn comes, and not when there is room for anybody: so that no crowd comes at once. Who doesn't
-- come in time for its turn lets others go first, yet keeps its place in the line.
--
-- A store is a table of functions:
--   made() → what no other store has, nor this one after it has lost what it knew
--   number() → a number that nobody else has
--   latest(path, n) → when the request to a path ends that ends as the n-th from above; nil: none
--   in_flight(now) → how many requests end later
--   add(ticket, path, ends), answer(ticket, path, now)
--   line() → list of who waits: { holder =, path =, since =, till =, place = }; leave(one), wait(one)

return [==[
local WINDOWS = {
  -- A little more than a window, for clocks that don't tick alike.
  { limit = "requests_per_minute", seconds = 60.01 },
  { limit = "requests_per_hour", seconds = 3600.01 },
}
local LEAST, MOST = 0.001, 60 -- seconds: who waits asks again so soon, and so late
local PLACE_SOON, PLACE_LATE = 0.02, 0.2 -- the same for a place: nobody is told of a free one
local TURN = 1    -- seconds in which one has to come for its turn
local LINGER = 60 -- seconds more after which it won't come any more

-- Seconds until the windows have room for one more than those that come first.
local function wait_for_windows(store, limits, path, ahead, now)
  local wait = 0
  for _, window in ipairs(WINDOWS) do
    local limit = limits[window.limit]
    local ends = limit and (ahead < limit and store.latest(path, limit - ahead) or
      ahead >= limit and now)
    if ends then wait = math.max(wait, math.min(ends, now) + window.seconds - now) end
  end
  return math.min(wait, MOST)
end

-- Seconds until it is worth looking for a place again; 0 where there is one.
local function wait_for_place(store, limits, ahead, now)
  local free = limits.concurrency and limits.concurrency - store.in_flight(now) - ahead or 1
  return free > 0 and 0 or math.min(PLACE_SOON * (1 - free), PLACE_LATE)
end

-- Who asks, as it stands in the line, at the end where it is new; and the line without who is gone.
local function find(store, holder, path, now)
  local me = { holder = holder, path = path, since = 1 }
  local line, found = {}, nil
  for _, one in ipairs(store.line()) do
    if one.till + LINGER < now then
      store.leave(one)
    else
      line[#line + 1] = one
      me.since = math.max(me.since, one.since + 1)
      if one.holder == holder and one.path == path then found = one end
    end
  end
  return found or me, line
end

-- How many of a kind come first, and the seconds until one of them has missed its turn.
local function look_ahead(line, me, now, is_rival)
  local count, till = 0, math.huge
  for _, one in ipairs(line) do
    if one.since < me.since and one.till >= now and is_rival(one) then
      count = count + 1
      till = math.min(till, one.till)
    end
  end
  return count, till - now + LEAST
end

local function take(store, question, holder, now)
  local path = question.path
  local me, line = find(store, holder, path, now)
  local rivals, miss = look_ahead(line, me, now, function(one) return one.path == path end)
  local wait = math.min(wait_for_windows(store, question.limits, path, rivals, now), miss)
  me.place = wait <= 0 -- a place is all that it waits for
  if me.place then
    rivals = look_ahead(line, me, now, function(one) return one.place end)
    wait = wait_for_place(store, question.limits, rivals, now)
  end
  if wait > 0 then
    wait = math.max(wait, LEAST)
    me.till = now + wait + TURN
    store.wait(me)
    return nil, wait
  end
  store.leave(me)
  local ticket = store.number()
  store.add(ticket, path, now + question.seconds)
  return ticket
end

-- Answers a question: about a request that wants to leave, or, with a ticket, whose answer came.
-- Returns what became of it, the ticket or the seconds to wait, and what the holder has to know the
-- next time: its number, and the store that it was told of, which it believes no other store
-- before `counts_until`, as the new one knows nothing of what the holder took from the old one.
local function decide(store, question, now)
  local made = store.made()
  if question.made and question.made ~= made and now < question.counts_until then
    return "forgotten"
  end
  if question.ticket then
    store.answer(question.ticket, question.path, now)
    return "given"
  end
  local holder = question.made == made and question.holder or store.number()
  local ticket, wait = take(store, question, holder, now)
  return ticket and "token" or "wait", ticket or wait, holder, made
end
]==]
