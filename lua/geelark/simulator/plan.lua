-- The plan of faults: what goes wrong with which request. A plan is a list, or a function that is
-- asked about every request. Of a list each request takes the first entry that fits it and isn't
-- used up: so entries without a condition are taken in order, one a request, and after them
-- all is well.

local callable = require "geelark.callable"
local calls = require "geelark.simulator.calls"
local check = require "geelark.simulator.check"

---@class geelark.simulator.Fault one entry of a plan; every field may be left out
---@field path string|nil in a list: for requests to this path alone: "delete", "stop", "start",
---  "status", "list", or a path as a whole
---@field nth integer|nil in a list: from the n-th request on (to `path`, where there is one) since
---  the plan was set, counted from 1
---@field times integer|nil in a list: for how many requests the entry stands; default 1;
---  math.huge: for all
---@field stall number|nil seconds between the arrival and what the service does
---@field delay number|nil seconds between what the service does and its answer
---@field act boolean|nil whether the service does what was asked; default: not where
---  `refuse` or `status` is given; never with close = "before"
---@field close string|nil "before" or "after" the service acts: the connection ends
---  unanswered
---@field reset boolean|nil a connection that ends by `close` or `cut` ends with a reset;
---  needs luasocket
---@field refuse integer|nil code of an envelope without data; nothing is done
---@field code integer|nil on the envelope instead of the right one; data stays
---@field msg string|nil on the envelope
---@field status integer|nil of HTTP; the body is then empty, unless one of `body`,
---  `refuse` and `code` is given too
---@field headers table<string, string>|nil of the answer, such as Retry-After or Location
---@field body string|nil instead of the envelope, such as garbage
---@field integer_ids boolean|nil ids of digits alone are written as JSON integers
---@field string_numbers boolean|nil codes and amounts are written as JSON strings
---@field fail_details string|nil "null", "absent" or "empty", whatever failed
---@field amounts table<string, integer>|nil amounts instead of the right ones, such as
---  { successAmount = 3 }: the answer doesn't add up
---@field stranger string|nil an id that is put into failDetails, not there else
---@field huge integer|nil bytes that the body is filled up to, with white space
---@field chunked integer|nil body in chunks of so many bytes, without Content-Length
---@field drip number[]|nil { bytes, seconds }: body in pieces, with pauses
---@field cut integer|nil bytes of the body that come; then the connection ends
---@field close_idle number|nil seconds after the answer at which the connection is
---  closed, although the answer said nothing of it

local FIELDS = {
  path = "string", nth = "number", times = "number",
  stall = "number", delay = "number", act = "boolean", close = "string",
  reset = "boolean", refuse = "number", code = "number", msg = "string",
  status = "number", headers = "table", body = "string", integer_ids = "boolean",
  string_numbers = "boolean", fail_details = "string", amounts = "table",
  stranger = "string", huge = "number", chunked = "number", drip = "table",
  cut = "number", close_idle = "number",
}
local CHOICES = {
  close = { before = true, after = true },
  fail_details = { null = true, absent = true, empty = true },
}
local LEAST = { nth = 1, times = 1, stall = 0, delay = 0, status = 100, huge = 0, chunked = 1,
  cut = 0, close_idle = 0, refuse = 0, code = 0 }
local SECONDS = { stall = true, delay = true, close_idle = true }
local AMOUNTS = { totalAmount = "number", successAmount = "number", failAmount = "number" }
local NOTHING = {}

local function check_number(what, value, least, fraction)
  if type(value) ~= "number" or value ~= value or value < least
    or not fraction and math.floor(value) ~= value then
    error(("plan entry.%s: %s from %d on expected, got %s")
      :format(what, fraction and "number" or "integer", least, tostring(value)), 0)
  end
end

-- What stands in the tables of an entry.
local function check_tables(fault)
  if fault.amounts then check.table("plan entry.amounts", fault.amounts, AMOUNTS) end
  if fault.drip then
    check_number("drip[1]", fault.drip[1], 1)
    check_number("drip[2]", fault.drip[2], 0, true)
  end
  for name, value in pairs(fault.headers or NOTHING) do
    if type(name) ~= "string" or type(value) ~= "string" and type(value) ~= "number" then
      error("plan entry.headers: strings by name expected", 0)
    end
  end
end

local function check_fault(fault)
  check.table("plan entry", fault, FIELDS)
  check_tables(fault)
  for field, least in pairs(LEAST) do
    if fault[field] then check_number(field, fault[field], least, SECONDS[field]) end
  end
  if fault.status and fault.status > 999 then error("plan entry.status: up to 999 expected", 0) end
  for field, allowed in pairs(CHOICES) do
    if fault[field] then check.choice("plan entry." .. field, fault[field], allowed) end
  end
  if fault.path and not fault.path:find("/", 1, true) then
    check.choice("plan entry.path", fault.path, calls.by_name)
  end
  return fault
end

-- An entry of a list as it is used up; `false` is no fault, for one request.
local function entry_of(item)
  local fault = check_fault(item or NOTHING)
  return { fault = fault, path = fault.path and calls.path(fault.path), left = fault.times or 1 }
end

-- Whether the entry stands for this request; `counts` are those of its path and of all.
local function fits(entry, record, counts)
  if entry.left < 1 or entry.path and entry.path ~= record.path then return false end
  local nth = entry.fault.nth
  return not nth or counts[entry.path or "all"] >= nth
end

-- An entry that isn't in a list, or a hole in one, would make no fault and say nothing.
local function check_list(list)
  for key in pairs(list) do
    if type(key) ~= "number" or list[key - 1] == nil and key ~= 1 then
      error(("plan: list of entries expected, got one with the key %s"):format(tostring(key)), 0)
    end
  end
end

-- A list as a function.
local function first_that_fits(list)
  check_list(list)
  local entries, counts, first = {}, { all = 0 }, 1
  for i = 1, #list do entries[i] = entry_of(list[i]) end
  return function(record)
    counts.all = counts.all + 1
    counts[record.path] = (counts[record.path] or 0) + 1
    while entries[first] and entries[first].left < 1 do first = first + 1 end
    for i = first, #entries do
      local entry = entries[i]
      if fits(entry, record, counts) then
        entry.left = entry.left - 1
        return entry.fault
      end
    end
  end
end

-- Source text of a plan, for one that reaches another process.
local function compile(source)
  local compiled, why = (rawget(_G, "loadstring") or load)(source, "=plan")
  if not compiled then error("plan: " .. why, 0) end
  return compiled()
end

---@alias geelark.simulator.PlanFunction
---| fun(request: geelark.simulator.Record): geelark.simulator.Fault|nil

---@class geelark.simulator.Plan
local Plan = {}
Plan.__index = Plan

---What goes wrong with the next request.
---@param record geelark.simulator.Record
---@return geelark.simulator.Fault fault empty where nothing does; raises what a plan's
---  function raises
function Plan:next(record)
  local fault = self.ask(record)
  return fault and check_fault(fault) or NOTHING
end

---Whether the service acts, under this fault.
---@param fault geelark.simulator.Fault
---@return boolean
local function acts(fault)
  if fault.act ~= nil then return fault.act end
  return not (fault.refuse or fault.status)
end

local plan = { acts = acts }

---@param source geelark.simulator.Fault[]|geelark.simulator.PlanFunction|string|nil a list (false: no
---  fault), a function(request) called once for each request, or Lua source that returns either;
---  `request.number` counts from 1
---@return geelark.simulator.Plan
function plan.new(source)
  if type(source) == "string" then source = compile(source) end
  local kind = type(source)
  if kind ~= "nil" and kind ~= "table" and kind ~= "function" then
    error("plan: list or function expected, got " .. kind, 0)
  end
  local ask = callable(source) and source or first_that_fits(source or NOTHING)
  return setmetatable({ ask = ask }, Plan)
end

return plan
