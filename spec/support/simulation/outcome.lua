-- The outcomes that an id may have once an answer has decided, and those of one that no answer
-- decides, as the judge words them: "deleted", "presumed", "failed CODE", "unknown", "pending".

local outcome = {}

--- An answer decides: the id ends as one of these.
function outcome.allow(entry, ...)
  entry.allow = {}
  for _, word in ipairs { ... } do entry.allow[word] = true end
end

--- An answer that adds up says that it isn't there.
function outcome.gone(entry)
  if entry.asked then outcome.allow(entry, "presumed")
  elseif entry.perhaps then outcome.allow(entry, "presumed", "failed 42001")
  else outcome.allow(entry, "failed 42001") end
end

--- Whether a delete of it may have been obeyed since it was last refused as running; and whether it may
--- be said so.
function outcome.asked(entry)
  local stopping = entry.stopping
  if not stopping then return entry.asked, entry.perhaps end
  return stopping.asked, stopping.asked or stopping.perhaps
end

--- What an id ends as for which nothing more is done, and no answer is awaited.
function outcome.leave(entry)
  local asked, perhaps = outcome.asked(entry)
  outcome.allow(entry)
  if perhaps then entry.allow.unknown = true end
  if asked then return end
  if not entry.stopping then entry.allow.pending = true end
  for word in pairs(entry.stopping and entry.stopping.codes or {}) do entry.allow[word] = true end
end

--- Delete's own codes may stand, too: the stopping of phones ends, or may have ended.
function outcome.or_refused(entry)
  for word in pairs(entry.stopping.codes) do entry.allow[word] = true end
end

return outcome
