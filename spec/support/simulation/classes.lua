-- What a code on the envelope means by the rules that the module promises. The engine has a table
-- of its own, and this one is not made from it.

local SET = {
  [40000] = "lost", [50000] = "lost",
  [40001] = "again",
  [40007] = "held", [40017] = "held",
  [40004] = "refusal", [40005] = "refusal", [40010] = "refusal",
  [40009] = "all_failed",
}
-- The kinds of err that a code which stops the job may have. What the promises leave open is left
-- open here.
local EITHER = { "auth", "refused" }
local STOPS = {
  [40002] = EITHER, [40003] = { "auth" }, [40011] = EITHER, [40012] = { "refused" },
  [40013] = EITHER, [40015] = EITHER, [40016] = EITHER, [41001] = { "refused" },
  [46001] = { "refused" }, [90001] = EITHER, [90004] = EITHER,
  [40014] = { "locked" }, [47002] = { "locked" },
}
local KINDS = {
  lost = { "server" }, again = { "server", "refused", "protocol" }, held = { "quota" },
  unknown_code = { "refused" },
}

local classes = { stop_codes = { 40002, 40003, 40011, 40012, 40013, 40015, 40016, 41001, 46001,
  90001, 90004 }, unknown_codes = { 12345, 44001, 51000, 60006, 99999 } }

---@param code integer not 0 or 40006
---@return string class "lost", "again", "held", "refusal", "all_failed", "stop" or "unknown_code"
---@return string[]|nil kinds that err may have for it; nil: any
function classes.of(code)
  local class = SET[code]
  if class then return class, KINDS[class] end
  if STOPS[code] then return "stop", STOPS[code] end
  if code >= 42000 and code < 44000 then return "refusal" end
  return "unknown_code", KINDS.unknown_code
end

return classes
