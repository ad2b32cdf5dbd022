-- What an answer means for the ids of its request, by the table under "Lost answers" among the rules
-- that the module promises: one function for each class of answer. See judge.lua for what is
-- known of an id.

local EIGHT = 8

local function allow(entry, ...)
  entry.allow = {}
  for _, outcome in ipairs { ... } do entry.allow[outcome] = true end
end

local meanings = {}

function meanings.sound(self, call, fate)
  if #call.ids == 1 then self.alone_only = false end
  for _, id in ipairs(call.ids) do
    local entry, code = self.of[id], fate.named[id]
    if not code then
      allow(entry, "deleted")
      self.deleted_any = true
    elseif code ~= 42001 then allow(entry, "failed " .. code)
    elseif entry.asked then
      allow(entry, "presumed")
      self.alone_only = false
    elseif entry.perhaps then allow(entry, "presumed", "failed 42001")
    else allow(entry, "failed 42001") end
  end
end

function meanings.lost(self, call) self:ask(call) end

function meanings.again() end

function meanings.held(self, call, fate, now)
  self.tries[call.key] = (self.tries[call.key] or 1) - 1
  self.held_first = self.held_first or now
  if now - self.held_first >= 240 then self.may_stop = true end
  if self:notices_overdue() then self.held_since = nil end
  self.held_unread = not self:same_moment()
  if self.held_since and now - self.held_since >= 420 and not self.clock.was_set_back then
    self:stop({ "quota" }, "five minutes of 40007")
  end
  if self.in_callback() then return end
  self.held_until = math.max(self.held_until, now + 60)
  if fate.code == 40017 then self.one_at_a_time = true end
end

local function alone_refused(self, entry, code)
  if not entry.perhaps then allow(entry, "failed " .. code)
  elseif code == 42001 then allow(entry, "presumed", not entry.asked and "failed 42001" or nil)
  else allow(entry, "unknown", not entry.asked and "failed " .. code or nil) end
  self.alone = self.alone + 1
  if entry.perhaps or not entry.halved then self.alone_only = false end
  if self.alone < EIGHT or self.deleted_any then return end
  self.may_stop = true
  self:may_be({ "refused" })
  if self.alone_only then self:stop({ "refused" }, "the first eight alone are refused") end
end

function meanings.refusal(self, call, fate)
  self:may_be() -- an id that ends unknown by it may give err any kind
  if #call.ids == 1 then return alone_refused(self, self.of[call.ids[1]], fate.code) end
  -- Whether the halves begin their tries anew is left open.
  local tries = self.tries[call.key] - 1 + self:tries_before(call.ids[1])
  local whole = { ids = call.ids, tries = tries }
  for _, id in ipairs(call.ids) do self.of[id].halved = whole end
end

-- What the rules leave open: lost, or a refusal of the whole or of all. Only the truth counts.
function meanings.unclear(self, call, fate)
  self:may_be()
  self.alone_only = false
  for _, id in ipairs(call.ids) do
    local entry = self.of[id]
    entry.perhaps = true
    entry.open_codes = entry.open_codes or {}
    entry.open_codes["failed " .. fate.code] = true
    entry.halved = nil
  end
  self.alone = self.alone + 1
  if self.alone >= EIGHT then self.may_stop = true end
end

function meanings.all_failed(self, call)
  self.alone_only = false
  self:may_be()
  for _, id in ipairs(call.ids) do
    local entry = self.of[id]
    if entry.asked then allow(entry, "unknown")
    elseif entry.perhaps then allow(entry, "unknown", "failed 40009")
    else allow(entry, "failed 40009") end
  end
end

function meanings.stop(self, call, fate)
  for _, id in ipairs(call.ids) do
    local entry = self.of[id]
    if entry.asked then allow(entry, "unknown")
    elseif entry.perhaps then allow(entry, "unknown", "pending")
    else allow(entry, "pending") end
  end
  self:stop(fate.kinds, fate.why or tostring(fate.code))
end

function meanings.unknown_code(self, call, fate)
  for _, id in ipairs(call.ids) do allow(self.of[id], "unknown") end
  self:stop(fate.kinds, "unknown code " .. fate.code)
end

return meanings
