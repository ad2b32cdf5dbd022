-- From a seed: which features a world has (each on or off, so that they meet in all
-- combinations), the ids, the phones, the options, and how the module is called.

local running = require "spec.support.simulation.running"
local promises = require "spec.support.simulation.promises"

-- What the adversary may do to a request; each is explained in fates.lua.
local fates = { "lost", "unsent", "never", "again", "garbage", "lost_codes", "lies", "replays",
  "unclear", "refusals", "all_failed", "held", "http", "stop", "lock", "unknown_code" }
-- What else may happen.
local events = { "statuses", "variants", "latency", "held_up", "set_back", "jumps", "cancel",
  "raise", "deadline", "reach", "bad_ids", "service_limit", "close", "drop", "idle" }
-- These end a job early, and would hide all others.
local endings = { "stop", "lock", "http", "unknown_code", "cancel", "raise", "deadline", "close" }

local states = { "started", "starting", "in_use", "executing", "connected", "renewing", "expired",
  "running", "withdrawn", "unavailable" }

-- Nothing goes wrong: so the moments of stops and statuses, and each phone's end, are known.
local function make_calm(on)
  for _, name in ipairs(fates) do on[name] = false end
  for _, name in ipairs(events) do on[name] = name == "variants" and on[name] end
  on.broken_clock, on.finalisers, on.only, on.meddling = nil, false, false, false
  on.calm = true
end

-- One and the same fate for nearly all requests: what is to end a job early must do so.
local function make_monotonous(random, on)
  for _, name in ipairs(fates) do on[name] = false end
  for _, name in ipairs(endings) do on[name] = false end
  on[random:pick { "held", "lost", "unsent", "never", "refusals", "refusals" }] = true
  on.monotonous, on.often = true, random:pick { 1, 0.9 }
end

local function draw_features(random)
  local on = {}
  local share = random:pick { 0.06, 0.15, 0.35 }
  for _, name in ipairs(fates) do on[name] = random:chance(share) end
  for _, name in ipairs(events) do on[name] = random:chance(share) end
  for _, name in ipairs(endings) do on[name] = on[name] and random:chance(0.3) end
  if random:chance(0.01) then
    on.broken_clock = random:pick { "raises", "stands_still", "absurd" }
  end
  if random:chance(0.02) then on.finalisers = true end
  on.running = promises.stop_started and random:chance(0.4)
  if on.running then -- and what goes wrong may do so for one kind of request alone
    on.meddling = random:chance(0.4)
    on.only = random:pick { false, false, "stop", "status", "delete" }
    for _, name in ipairs { "lost", "lies", "never", "refusals" } do
      on[name] = on[name] or random:chance(0.2)
    end
    if on.only == "stop" or on.only == "status" then
      for _, name in ipairs { "stop", "lock", "http", "unknown_code" } do
        on[name] = on[name] or random:chance(share)
      end
    end
  end
  if on.drop then -- which matters to jobs with requests under way
    on.drop, on.latency, on.idle = random:chance(0.3), random:chance(0.8), random:chance(0.5)
  end
  on.often = random:pick { 0.08, 0.25, 0.5 } -- how often a fate that is on strikes
  if random:chance(0.04) then make_monotonous(random, on) end
  if on.running and random:chance(0.15) then make_calm(on) end
  return on
end

local function draw_id(random)
  local kind = random:between(1, 12)
  if kind == 1 then return "1" .. ("x-"):rep(random:between(0, 31)) .. "Z" end
  if kind == 2 then return "AB_" .. random:between(1, 50) end
  if kind == 3 then return tostring(random:between(1, 50)) end
  -- Neighbours that are one and the same double.
  return ("528086321789%06d"):format(random:between(1, 60))
end

local function draw_ids(random, on)
  local lot, most = random:next(), 5
  if on.monotonous then lot = 0.02 end
  if lot < 0.003 then most = 250
  elseif lot < 0.03 then most = 40
  elseif lot < 0.25 then most = 12 end
  if on.running and lot > 0.99 then most = 250 end
  local ids, is_big = {}, most > 40
  for i = 1, is_big and random:between(100, most) or random:between(1, most) do
    ids[i] = is_big and ("5280863217%08d"):format(i * 3) or draw_id(random)
  end
  if random:chance(0.01) then ids = {} end
  return ids
end

-- States by id, ids for whose sake the service refuses a whole request; some ids have no phone.
local function draw_phones(random, ids, on)
  local phones, bad = {}, {}
  local well = random:pick { 0.95, 0.75, 0.3 }
  if on.running then well = random:pick { 0.7, 0.3, 0.05 } end
  for _, id in ipairs(ids) do
    if phones[id] == nil then
      local lot = random:next()
      if lot < well then phones[id] = "stopped"
      elseif on.running and random:chance(0.8) then phones[id] = running.draw_state(random)
      elseif lot < well + 0.6 * (1 - well) then phones[id] = random:pick(states)
      elseif on.bad_ids and random:chance(0.5) then bad[#bad + 1] = id end
    end
  end
  return phones, bad
end

local function draw_options(random, on, ids)
  local many = #ids > 40 or on.monotonous and random:chance(0.5)
  return {
    chunk_size = many and random:pick { 20, 50, 100 } or random:between(1, 5),
    concurrency = random:pick { 1, 1, 2, 2, 3, 4 },
    attempts = random:pick { 1, 2, 3, 4, 4, 4, 5 },
    timeout = random:pick { 5, 20, 60 },
    requests_per_minute = (random:chance(0.5) or on.calm) and 200 or random:pick { 1, 2, 3, 5, 20 },
    requests_per_hour = random:chance(0.05) and not on.calm and random:between(20, 60) or false,
    max_wait = promises.max_wait and random:chance(0.5) and random:between(1, 200) or nil,
    deadline = on.deadline and random:between(1, 300) or nil,
    dry_run = random:chance(0.01) or nil,
    stop_started = on.running and random:chance(0.9) or nil,
    stop_timeout = on.running and random:chance(0.5)
      and random:pick { random:between(0, 60), 60, 300, 300, 300 } or nil,
  }
end

-- Phones that nobody names. Whatever happens, they stay as they are.
local function add_bystanders(phones)
  local bystanders = { bystander1 = "stopped", bystander2 = "started" }
  for id, state in pairs(bystanders) do phones[id] = state end
  return bystanders
end

local function draw_broken(random, on)
  local how = on.broken_clock
  if not how then return nil end
  -- Such a job goes by the system's clock: what never comes is waited for in earnest.
  on.never = nil
  local broken = { after = random:between(0, 30), read = function(clock) return clock.now end }
  if how == "raises" then broken.read = function() error("the clock is broken", 0) end
  elseif how == "stands_still" then broken.stands_still = true
  else
    local value = random:pick { 0 / 0, 1 / 0, -1 / 0, 1e300, -1e300 }
    broken.read = function() return value end
  end
  return broken
end

---@param random table
---@return table plan
return function(random)
  local on = draw_features(random)
  local ids = draw_ids(random, on)
  local phones, bad = draw_phones(random, ids, on)
  local runs = on.running and running.draw(random, phones, ids, on) or nil
  return { on = on, ids = ids, phones = phones, bad = bad, running = runs,
    bystanders = add_bystanders(phones),
    options = draw_options(random, on, ids), broken = draw_broken(random, on),
    batch_codes = random:chance(0.3),
    called_by = on.drop and "jobs" or on.calm and random:pick { "delete", "job" }
      or random:pick { "delete", "delete", "job", "job", "client", "jobs" } }
end
