-- The phones of one case, and what really became of them: only what is done here was done.

local REFUSED = {
  started = { 43009, "env is started" },
  busy = { 43005, "env is executing task" },
  expired = { 43004, "env is expired" },
  gone = { 42001, "env not found" }, -- it never was there
}

local World = {}
World.__index = World

-- Deletes what can be deleted of these ids. Returns the entries of failDetails.
function World:delete(ids)
  local failed = {}
  for _, id in ipairs(ids) do
    local reason = REFUSED[self.states[id]]
    if self.deleted[id] then reason = REFUSED.gone end
    if reason then
      failed[#failed + 1] = { id = id, code = reason[1], msg = reason[2] }
    else
      self.deleted[id] = true
    end
  end
  return failed
end

-- The code with which the id is refused before anything was done; nil: it can be deleted.
function World:code(id)
  local reason = REFUSED[self.states[id]]
  return reason and reason[1]
end

local world = {}

-- `chunks` times `size` phones with ids of 18 digits, in each chunk one at least that can be deleted
-- and one that can't.
function world.new(random, chunks, size)
  local made = setmetatable({ ids = {}, states = {}, deleted = {} }, World)
  local id = random:between(100000, 899999)
  for _ = 1, chunks do
    local started = random:between(1, size)
    for i = 1, size do
      id = id + random:between(1, 9)
      local text = ("52%06d%010d"):format(id, random:between(0, 999999999))
      made.ids[#made.ids + 1] = text
      made.states[text] = "stopped"
      if i == started then made.states[text] = random:pick { "started", "busy", "expired" }
      elseif i ~= started % size + 1 and random:chance(0.2) then made.states[text] = "gone" end
    end
  end
  return made
end

return world
