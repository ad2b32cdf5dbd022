-- What an answer means for the ids of its request, by the table under "Lost answers" among the rules
-- that the module promises: one function for each class of answer. See judge.lua for what is
-- known of an id.

local outcome = require "spec.support.simulation.outcome"
local stopping = require "spec.support.simulation.stopping"

local EIGHT = 8
local allow = outcome.allow

local meanings = {}

function meanings.sound(self, call, fate, now)
  if #call.ids == 1 then self.alone_only = false end
  for _, id in ipairs(call.ids) do
    local entry, code = self.of[id], fate.named[id]
    entry.tries, entry.halved = 0, nil
    if not code then
      allow(entry, "deleted")
      self.deleted_any = true
    elseif code == 42001 then
      outcome.gone(entry)
      if entry.asked then self.alone_only = false end
    elseif stopping.RUNS[code] and self.options.stop_started then
      stopping.refused(entry, code, now)
      if self.was_unknown then self.was_unknown[id] = nil end
    else allow(entry, "failed " .. code) end
  end
end

function meanings.lost(self, call) self:ask(call) end

function meanings.again() end

function meanings.held(self, call, fate, now)
  self:hold_back(call, fate, now)
  local hold = self.holds.delete
  if now - hold.first >= 240 then self.may_stop = true end
  if hold.since and now - hold.since >= 420 and not self.clock.was_set_back then
    self:stop({ "quota" }, "five minutes of 40007")
  end
end

-- Of one that ran a delete that had no answer before that was found out leaves it open.
local function alone_refused(self, entry, code)
  local asked, perhaps = outcome.asked(entry)
  perhaps = perhaps or entry.perhaps
  if not perhaps then allow(entry, "failed " .. code)
  elseif code == 42001 then allow(entry, "presumed", not entry.asked and "failed 42001" or nil)
  else allow(entry, "unknown", not asked and "failed " .. code or nil) end
  self.alone = self.alone + 1
  if perhaps or not entry.halved then self.alone_only = false end
  if self.alone < EIGHT or self.deleted_any then return end
  self.may_stop = true
  self:may_be({ "refused" })
  if self.alone_only then self:stop({ "refused" }, "the first eight alone are refused") end
end

function meanings.refusal(self, call, fate)
  self:may_be() -- an id that ends unknown by it may give err any kind
  if #call.ids > 1 then return self:halves(call) end
  alone_refused(self, self.of[call.ids[1]], fate.code)
end

function meanings.unclear(self, call, fate)
  self:may_be()
  self.alone_only = false
  for _, id in ipairs(call.ids) do
    local entry = self.of[id]
    entry.perhaps = true
    if entry.stopping then entry.stopping.perhaps = true end
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
    local asked, perhaps = outcome.asked(entry)
    if asked then allow(entry, "unknown")
    elseif perhaps or entry.perhaps then allow(entry, "unknown", "failed 40009")
    else allow(entry, "failed 40009") end
  end
end

function meanings.stop(self, call, fate)
  for _, id in ipairs(call.ids) do outcome.leave(self.of[id]) end
  self:stop(fate.kinds, fate.why or tostring(fate.code))
end

function meanings.unknown_code(self, call, fate)
  for _, id in ipairs(call.ids) do allow(self.of[id], "unknown") end
  self:stop(fate.kinds, "unknown code " .. fate.code)
end

return meanings
