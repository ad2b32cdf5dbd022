-- Phones that run, at the service's end: how long each takes to start and to stop, and what somebody
-- else does to them meanwhile. The model knows one time for all; here each phone has its own.

local NEVER = math.huge

local running = {}

-- What somebody else makes of a phone.
local DEEDS = { "started", "started", "starting", "stopped", "gone", "gone", "connected",
  "executing", "in_use", "stuck_starting" }
local STATES = { "started", "started", "started", "started", "starting", "starting",
  "stuck_starting", "in_use", "executing", "connected", "running" }

local function draw_seconds(random)
  local lot = random:next()
  if lot < 0.1 then return 0 end
  if lot < 0.3 then return random:next() * 10 end
  if lot < 0.8 then return random:between(30, 60) end
  if lot < 0.95 then return random:between(60, 200) end
  return NEVER
end

---@param random table
---@return string state of a phone that runs
function running.draw_state(random) return random:pick(STATES) end

---@param random table
---@param phones table<string, string> states by id
---@param ids string[]
---@param on table
---@return table running
function running.draw(random, phones, ids, on)
  local starts, stops, deeds = {}, {}, {}
  local share = on.meddling and random:pick { 0.1, 0.3, 0.8 } or 0
  for _, id in ipairs(ids) do
    if phones[id] and not stops[id] then
      starts[id], stops[id] = draw_seconds(random), draw_seconds(random)
      while random:chance(share * 0.7) do
        local at = random:next() * random:pick { 4, 40, 150 }
        deeds[#deeds + 1] = { at = at, id = id, to = random:pick(DEEDS) }
      end
    end
  end
  return { starts = starts, stops = stops, deeds = deeds, restarts = share }
end

-- Those that are gone stay so.
local function put(world, id, state)
  local phones = world.model.phones
  if not phones:state(id, world.clock.now) then return end
  phones:set(id, state ~= "gone" and state or nil)
  local seconds = state == "starting" and world.running.starts[id]
  if seconds then phones.changes[id] = { at = world.clock.now + seconds, to = "started" } end
end

function running.begin(world)
  local plan = world.running
  if not plan then return end
  for id in pairs(plan.starts) do
    if world.model.phones:state(id, 0) == "starting" then put(world, id, "starting") end
  end
  for _, deed in ipairs(plan.deeds) do
    world.clock:after(deed.at, function() put(world, deed.id, deed.to) end)
  end
end

--- A stop was obeyed: each phone takes its own time, and somebody may start it again.
function running.stopped(world, ids)
  local plan, now = world.running, world.clock.now
  for _, id in ipairs(ids) do
    local change = world.model.phones.changes[id]
    local seconds = plan and plan.stops[id]
    if seconds and change and change.to == "stopped" and not change.is_drawn then
      change.at, change.is_drawn = now + seconds, true
      if seconds < NEVER and world.random:chance(plan.restarts * 0.5) then
        local at = seconds + world.random:next() * 20
        world.clock:after(at, function() put(world, id, "started") end)
      end
    end
  end
end

-- What becomes of a phone where nothing goes wrong: its outcome, and whether it is stopped.
local ENDS = { stopped = "deleted", expired = "failed 43004", executing = "failed 43005",
  connected = "failed 43006", in_use = "failed 43021", running = "failed 43036",
  stuck_starting = "failed 43010" }
local SLACK = 14 -- seconds: until the stop leaves, and until status is asked

--- What becomes of a phone where nothing goes wrong, within the stop_timeout; nothing where that is
--- uncertain.
---@param plan table
---@param id string
---@param timeout number
---@return string|nil outcome
---@return boolean|nil stopped whether a stop was accepted
function running.ending(plan, id, timeout)
  local state = plan.phones[id]
  if ENDS[state] then return ENDS[state], false end
  local starts, stops = state == "starting", plan.running.stops[id]
  local start = starts and plan.running.starts[id] or 0
  local refusal = starts and "failed 43010" or "failed 43009"
  if state ~= "started" and not starts then return nil end
  if start + stops + (starts and 2 or 1) * SLACK < timeout then return "deleted", true end
  if starts and start < 1 then return nil end
  if start > timeout then return refusal, false end
  if start + stops > timeout + SLACK then return refusal, nil end
end

return running
