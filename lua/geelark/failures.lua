-- The failures of a result as a list that filters, groups and prints itself.
-- Every method returns a new list and leaves its own alone, so that they chain.

local callable = require "geelark.callable"
local codes = require "geelark.codes"
local nearest = require "geelark.nearest"
local plain = require "geelark.plain"

---@class geelark.Failure
---@field code integer       # the service's code, see geelark.codes
---@field id geelark.Id      # exactly as the caller gave it
---@field msg string         # the service's words

---@alias geelark.Filter
---| integer                          # a code
---| string                           # a code's name
---| (integer|string)[]               # any of these
---| { code?: integer|string, id?: string, msg?: string } # all of these; Lua patterns
---| fun(failure: geelark.Failure): boolean

---@class geelark.Failures
---@field [integer] geelark.Failure
local Failures = {}
Failures.__index = Failures
Failures.__name = "geelark.failures"

local function new(list)
  return setmetatable(list, Failures)
end

-- Filters ---------------------------------------------------------------------------

-- The name that all codes have which aren't listed: a filter takes it for any of them.
local UNLISTED = codes[-1].name

-- A number, or UNLISTED.
local function to_code(value, where)
  local number = type(value) == "number" and value == value -- NaN is no key of a table
  if number or value == UNLISTED then return value end
  if type(value) ~= "string" then
    error(where .. ": code or a code's name expected, got " .. type(value), 0)
  end
  local code = codes[value] or tonumber(value)
  if type(code) ~= "number" then
    error(("%s: unknown code name %q, did you mean %q?")
      :format(where, value, nearest(value, codes)), 0)
  end
  return code
end

local function is_unlisted(code)
  local entry = codes[code]
  return type(entry) == "table" and entry.name == UNLISTED
end

local function has_code(wanted)
  return function(failure)
    local code = failure.code
    return wanted[code] == true or (wanted[UNLISTED] == true and is_unlisted(code))
  end
end

local function is_code(value, where)
  return has_code { [to_code(value, where)] = true }
end

local function is_any(list, where)
  local wanted, size = {}, 0
  for _ in pairs(list) do size = size + 1 end
  -- Whatever isn't at 1 to size leaves a nil there, which raises.
  for i = 1, size do wanted[to_code(list[i], where .. "[" .. i .. "]")] = true end
  return has_code(wanted)
end

local field_tests = {
  code = function(value, where)
    if type(value) == "table" then return is_any(value, where) end
    return is_code(value, where)
  end,
}

local function matches(field)
  return function(pattern, where)
    if type(pattern) ~= "string" then
      error(where .. ": Lua pattern expected, got " .. type(pattern), 0)
    end
    -- Most of what is malformed raises here, and not at the first failure.
    local well_formed, why = pcall(string.find, "", pattern)
    if not well_formed then error(where .. ": " .. why, 0) end
    return function(failure) return tostring(failure[field]):find(pattern) ~= nil end
  end
end

field_tests.id, field_tests.msg = matches "id", matches "msg"

local function has_fields(fields, where)
  local tests = {}
  for name, value in pairs(fields) do
    local test = field_tests[name]
    if not test then
      error(("%s: unknown field %q, expected code, id or msg"):format(where, tostring(name)), 0)
    end
    tests[#tests + 1] = test(value, where .. "." .. name)
  end
  return function(failure)
    for _, test in ipairs(tests) do
      if not test(failure) then return false end
    end
    return true
  end
end

local function to_test(filter, where)
  if callable(filter) then return filter end
  if type(filter) ~= "table" then return is_code(filter, where) end
  if filter[1] ~= nil or next(filter) == nil then return is_any(filter, where) end
  return has_fields(filter, where)
end

local function select_by(self, filter, wanted, method)
  local understood, test = pcall(to_test, filter, "filter")
  if not understood then error("bad argument #1 to '" .. method .. "' (" .. test .. ")", 3) end
  local picked = {}
  for _, failure in ipairs(self) do
    if (not not test(failure)) == wanted then picked[#picked + 1] = failure end
  end
  return new(picked)
end

-- Methods ---------------------------------------------------------------------------

--- The failures that a filter picks. Raises for an unknown code name or field.
---@param filter geelark.Filter
---@return geelark.Failures
function Failures:where(filter)
  return select_by(self, filter, true, "where")
end

--- The failures that a filter doesn't pick.
---@param filter geelark.Filter
---@return geelark.Failures
function Failures:except(filter)
  return select_by(self, filter, false, "except")
end

--- The failures whose code says that the same call can succeed later.
---@return geelark.Failures
function Failures:retryable()
  return select_by(self, function(failure)
    return codes[failure.code].retryable
  end, true, "retryable")
end

--- The ids, in order: ready for the next call of delete.
---@return geelark.Id[]
function Failures:ids()
  local ids = {}
  for i, failure in ipairs(self) do ids[i] = failure.id end
  return ids
end

--- The failures grouped by their code.
---@return table<integer, geelark.Failures>
function Failures:by_code()
  local groups = {}
  for _, failure in ipairs(self) do
    local group = groups[failure.code] or new {}
    groups[failure.code] = group
    group[#group + 1] = failure
  end
  return groups
end

--- How many there are.
---@return integer
function Failures:count()
  return #self
end

-- As a table on the screen ------------------------------------------------------------

-- Characters, not bytes.
local function width(text)
  return select(2, text:gsub("[^\128-\191]", ""))
end

local function to_row(failure)
  local code = rawget(codes, failure.code)
  local name = code and code.name or ""
  return { ("%d"):format(failure.code), name, plain(failure.id), plain(failure.msg) }
end

--- An aligned table, one failure a line.
function Failures:__tostring()
  if #self == 0 then return "no failures" end
  local rows, widths, lines = { { "code", "name", "id", "msg" } }, { 0, 0, 0 }, {}
  for i, failure in ipairs(self) do rows[i + 1] = to_row(failure) end
  for _, row in ipairs(rows) do
    for column = 1, #widths do widths[column] = math.max(widths[column], width(row[column])) end
  end
  for i, row in ipairs(rows) do
    local cells = {}
    for column = 1, #widths do
      cells[column] = row[column] .. (" "):rep(widths[column] - width(row[column]))
    end
    lines[i] = (table.concat(cells, "  ") .. "  " .. row[4]):gsub("%s+$", "")
  end
  return table.concat(lines, "\n")
end

--- The failures of a result (or of an error's result).
---@param result geelark.Result|geelark.Error
---@return geelark.Failures
return function(result)
  if type(result) == "table" and type(result.result) == "table" then result = result.result end
  if type(result) ~= "table" or type(result.failDetails) ~= "table" then
    error("bad argument #1 to 'failures' (result expected, got " .. type(result) .. ")", 2)
  end
  local list = {}
  for i, failure in ipairs(result.failDetails) do list[i] = failure end
  return new(list)
end
