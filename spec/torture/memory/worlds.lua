-- The service that each scenario meets, and what its account says where no allocation fails.

local phones = require "geelark.simulator.phones"

local IDS, MORE = 16, 3

---@class spec.torture.memory.World
---@field settings table options of the simulator
---@field network "http"|"tls"|nil nil: a transport in Lua
---@field expected string part of the account's states, counted, where nothing fails
---@field kinds table<string, boolean> kinds of err that may come, besides those of memory
---@field raises boolean|nil it may raise a memory error instead of giving an account
---@field jobs integer|nil how many jobs delete `ids`, so that one's attempts are not all

local worlds = {}

local function world(name, given)
  given.settings = given.settings or {}
  given.kinds = given.kinds or {}
  worlds[#worlds + 1] = given
  given.name = name
end

-- One answer gets lost after the service has acted, one request before.
local LOST = {
  { path = "delete", nth = 2, close = "before" },
  { path = "delete", nth = 4, close = "after" },
}
local BAD_GATEWAY = { { path = "delete", nth = 2, status = 502, act = true } }

local FAULTS = {
  { nth = 1, status = 429, headers = { ["Retry-After"] = "2" } },
  { nth = 2, refuse = 40007 },
  { nth = 3, status = 503, body = "<html>down</html>" },
  { nth = 4, act = true, body = "not JSON" },
  { nth = 5, amounts = { successAmount = 0 } },
  { nth = 6, stranger = "528086321789000000" },
  { nth = 7, refuse = 40001 },
  { nth = 8, code = 50000 },
  { nth = 9, integer_ids = true, string_numbers = true },
  { nth = 10, fail_details = "absent" },
  { nth = 11, cut = 20 },
  { nth = 12, close = "after" },
}

world("load", { bare = true, expected = "" })
world("options", { settings = {}, expected = "16 pending" })
world("delete", { settings = { plan = BAD_GATEWAY }, states = { "started", "expired" },
  expected = "12 deleted, 2 failed, 2 presumed", raises = true })
world("http", { network = "http", settings = { plan = LOST },
  expected = "15 deleted, 1 presumed" })
world("tls", { network = "tls", settings = { plan = LOST }, expected = "15 deleted, 1 presumed" })
world("halving", { bad = 3, kinds = { refused = true }, expected = "15 deleted, 1 failed" })
world("stops", { states = { "started", "starting", "executing", "expired" },
  expected = "14 deleted, 2 failed" })
world("limiter", { settings = { plan = BAD_GATEWAY }, expected = "14 deleted, 2 presumed" })
world("journal", { settings = { plan = BAD_GATEWAY }, jobs = 2,
  expected = "14 deleted, 2 presumed" })
world("journal and stops", { states = { "started", "starting", "executing", "expired" }, jobs = 2,
  expected = "2 failed" })
world("journal.read", { settings = { plan = BAD_GATEWAY }, states = { "started", "expired" },
  expected = "12 deleted, 2 failed, 2 presumed" })
world("faults", { settings = { plan = FAULTS }, states = { "expired", "in_use" },
  expected = "2 failed" })
world("faults over TLS", { network = "tls", settings = { plan = FAULTS, app_id = "an-app-id",
  api_key = "an-api-key", clock_tolerance = false }, states = { "expired", "in_use" },
  expected = "2 failed" })
world("failures", { states = { "started", "expired", "in_use" },
  expected = "13 deleted, 3 failed" })
world("resume", { settings = { plan = BAD_GATEWAY }, raises = true, jobs = 2,
  expected = "14 deleted, 2 presumed" })
world("cancel", { network = "http", settings = { plan = LOST }, kinds = { cancelled = true },
  expected = "12 pending" })
world("drop", { network = "http", expected = "" })
world("callbacks", { settings = { plan = BAD_GATEWAY }, expected = "2 deleted, 14 pending" })
world("close", { network = "http", kinds = { cancelled = true },
  expected = "12 pending" })

-- The ids of a world: those of the scenario, and two more lists.
local all = phones.ids(IDS + 2 * MORE)
local function slice(from, to)
  local part = {}
  for i = from, to do part[#part + 1] = all[i] end
  return part
end
worlds.ids = slice(1, IDS)
worlds.more_ids = slice(IDS + 1, IDS + MORE)
worlds.more_ids_too = slice(IDS + MORE + 1, IDS + 2 * MORE)

-- The options of a simulator for it.
function worlds.settings(given)
  local settings = { requests_per_minute = false, requests_per_hour = false, phones = {} }
  for name, value in pairs(given.settings) do settings[name] = value end
  for _, id in ipairs(all) do settings.phones[id] = "stopped" end
  for i, state in ipairs(given.states or {}) do settings.phones[worlds.ids[i]] = state end
  if given.bad then settings.bad_ids = { worlds.ids[given.bad] } end
  return settings
end

return worlds
