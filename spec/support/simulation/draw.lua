-- From a seed: which features a run has (each on or off, so that they meet in all
-- combinations), the ids, the options, the phones.

local features = { "lost", "unsent", "again", "garbage", "statuses", "lies", "variants", "never",
  "throttle", "second_client", "alone", "stop", "lock", "bad_ids", "latency", "steps", "cancel",
  "raise", "deadline", "refuse" }

local states = { 43004, 43005, 43006, 43009, 43010, 43011, 43021 }

local function draw_features(random)
  local on = {}
  local share = random:pick { 0.1, 0.3, 0.6 }
  for _, name in ipairs(features) do on[name] = random:chance(share) end
  for _, name in ipairs { "stop", "lock", "cancel", "raise", "deadline" } do -- they end a job early
    on[name] = on[name] and random:chance(0.4)
  end
  on.gentle = random:chance(0.5)
  return on
end

local function draw_id(random)
  local kind = random:between(1, 10)
  if kind == 1 then return ("x"):rep(random:between(0, 63)) .. "7" end
  if kind == 2 then return "AB-_" .. random:between(1, 50) end
  return ("528086321789%06d"):format(random:between(1, 60))
end

local function draw_ids(random)
  local size = random:chance(0.02) and 300 or random:pick { 0, 1, 2, 5, 12, 30 }
  local ids = {}
  for i = 1, size == 0 and 0 or random:between(1, size) do ids[i] = draw_id(random) end
  return ids
end

local function draw_phones(random, ids, on)
  local phones, bad = { bystander = 0 }, {}
  for _, id in ipairs(ids) do
    if phones[id] == nil and not bad[id] then
      local lot = random:next()
      if lot < 0.75 then phones[id] = 0
      elseif lot < 0.9 then phones[id] = random:pick(states)
      elseif lot < 0.94 and on.bad_ids then bad[id] = true end -- else it doesn't exist
    end
  end
  return phones, bad
end

local function draw_options(random, on)
  return {
    token = "token-of-the-simulation",
    chunk_size = random:between(1, 8),
    concurrency = random:between(1, 5),
    attempts = random:between(1, 5),
    timeout = random:pick { 5, 20, 60 },
    requests_per_minute = random:chance(0.3) and 200 or random:between(3, 20),
    requests_per_hour = random:chance(0.1) and random:between(20, 60) or false,
    deadline = on.deadline and random:between(1, 300) or nil,
    dry_run = random:chance(0.02) or nil,
  }
end

return function(random)
  local on = draw_features(random)
  local ids = draw_ids(random)
  local phones, bad = draw_phones(random, ids, on)
  local called_by = random:pick { "delete", "delete", "job", "client" }
  -- What a deadline cuts may still arrive while the client's next call is under way.
  if called_by == "client" then on.deadline = false end
  return { on = on, ids = ids, phones = phones, bad = bad, called_by = called_by,
    options = draw_options(random, on) }
end
