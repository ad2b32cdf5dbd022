-- The phones of one case, and what really became of them: only what is done here was done.

local REFUSED = {
  started = { 43009, "env is started" },
  viewed = { 43009, "env is started" }, -- somebody looks at it: it isn't stopped
  busy = { 43005, "env is executing task" },
  expired = { 43004, "env is expired" },
  gone = { 42001, "env not found" }, -- it never was there
}
local NOT_STOPPED = { viewed = { 43006, "env is occupied by remote" }, busy = REFUSED.busy,
  gone = REFUSED.gone }
local STATUS = { started = 0, viewed = 0, busy = 0, stopped = 2, expired = 3 }
local LOOKS = 2 -- at a phone that is told to stop, until it is seen shut down

local World = {}
World.__index = World

-- Does for each id what `visit(id, state)` does, unless that returns a reason. Returns the entries
-- of failDetails.
function World:each(ids, visit)
  local failed = {}
  for _, id in ipairs(ids) do
    local reason = visit(id, self.deleted[id] and "gone" or self.states[id])
    if reason then failed[#failed + 1] = { id = id, code = reason[1], msg = reason[2] } end
  end
  return failed
end

-- Deletes what can be deleted.
function World:delete(ids)
  return self:each(ids, function(id, state)
    if REFUSED[state] then return REFUSED[state] end
    self.deleted[id] = true
  end)
end

-- Tells what runs to stop.
function World:stop(ids)
  return self:each(ids, function(id, state)
    if NOT_STOPPED[state] then return NOT_STOPPED[state] end
    self.looks[id] = self.looks[id] or LOOKS
  end)
end

-- Returns the entries of successDetails, too.
function World:status(ids)
  local seen = {}
  return self:each(ids, function(id, state)
    if state == "gone" then return REFUSED.gone end
    local left = self.looks[id]
    if left then
      self.looks[id] = left - 1
      if left == 0 then self.states[id], self.looks[id] = "stopped", nil end
    end
    seen[#seen + 1] = { id = id, status = STATUS[self.states[id]] }
  end), seen
end

-- The code with which the id was refused before anything was done; nil: it could be deleted.
function World:code(id)
  local reason = REFUSED[self.first[id]]
  return reason and reason[1]
end

-- Whether it ran, so that it may be stopped.
function World:ran(id)
  return self.first[id] == "started" or self.first[id] == "viewed"
end

local world = {}

-- `chunks` times `size` phones with ids of 18 digits, in each chunk one at least that can be deleted
-- and one that can't. Where phones are stopped, one at least can be.
function world.new(random, chunks, size, stops)
  local refused = stops and { "started", "started", "viewed" } or { "started", "busy", "expired" }
  local made = setmetatable({ ids = {}, first = {}, states = {}, deleted = {}, looks = {} }, World)
  local number = random:between(100000, 899999)
  for chunk = 1, chunks do
    local held = random:between(1, size)
    for i = 1, size do
      number = number + random:between(1, 9)
      local id = ("52%06d%010d"):format(number, random:between(0, 999999999))
      local state = "stopped"
      if i == held then state = stops and chunk == 1 and "started" or random:pick(refused)
      elseif i ~= held % size + 1 and random:chance(0.2) then state = "gone" end
      made.ids[#made.ids + 1], made.first[id], made.states[id] = id, state, state
    end
  end
  return made
end

return world
