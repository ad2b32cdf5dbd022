-- What a delete came to: each id on standard output, in the format that was asked for; the sum, what
-- helps and how to go on on standard error.

local geelark = require "geelark"
local accounts = require "geelark.account"
local core = require "geelark.core"
local formats = require "geelark.cli.formats"
local json = require "geelark.cli.json"
local results = require "geelark.cli.results"
local status = require "geelark.cli.status"
local terminal = require "geelark.cli.terminal"

local STOP = "--stop-started"
local SHOWN = 20 -- rows that a terminal is given

local OUTCOME_COLUMNS = { "id", "state", "code", "name", "msg" }
local TABLE_COLUMNS = { "id", "code", "outcome", "message" }
local AMOUNTS = { "totalAmount", "successAmount", "failAmount", "duplicateAmount" }
local LISTS = { "presumedIds", "stoppedIds", "unknownIds", "pendingIds" }
local FAILURE = { "code", "id", "msg" }
local REQUEST = { "action", "traceId", "amount", "attempts", "code", "msg", "httpStatus", "seconds",
  "halved" }
local ERROR = { "kind", "message", "code", "traceId", "httpStatus", "retryAfter" }

-- Results ---------------------------------------------------------------------------------

local function outcome_rows(account)
  local next_outcome = geelark.outcomes(account)
  return function()
    local id, state, code, msg = next_outcome()
    if id == nil then return nil end
    return { id, state, code, code and geelark.codes[code].name, msg }
  end
end

-- The texts of the others go to standard error, once.
local function table_rows(left)
  local count = terminal.is(io.stdout) and math.min(#left, SHOWN) or #left
  local i = 0
  return function()
    i = i + 1
    if i > count then return nil end
    local item = left[i]
    local failure = item.failure
    if not failure then return { item.id, nil, item.outcome } end
    return { item.id, failure.code, geelark.codes[failure.code].name, failure.msg }
  end, #left - count
end

local function picked(source, names)
  local values = {}
  for i, name in ipairs(names) do values[i] = source[name] end
  return values
end

local function field(output, name, write)
  output:write(",\n" .. json.scalar(name) .. ":")
  write()
end

-- The words of the API and of the module.
local function write_json(output, result, err)
  output:write(json.object(AMOUNTS, picked(result, AMOUNTS)):sub(1, -2))
  field(output, "failDetails", function()
    json.array(output, result.failDetails, function(failure)
      return json.object(FAILURE, picked(failure, FAILURE))
    end)
  end)
  for _, name in ipairs(LISTS) do
    field(output, name, function() json.array(output, result[name], json.scalar) end)
  end
  field(output, "requests", function()
    json.array(output, result.requests, function(request)
      return json.object(REQUEST, picked(request, REQUEST))
    end)
  end)
  if err then
    field(output, "error", function() output:write(json.object(ERROR, picked(err, ERROR))) end)
  end
  output:write "}\n"
end

-- What helps ------------------------------------------------------------------------------

-- The codes, the most frequent first.
local function sorted_codes(groups)
  local codes = {}
  for code in pairs(groups) do codes[#codes + 1] = code end
  table.sort(codes, function(a, b)
    local more, less = groups[a]:count(), groups[b]:count()
    return more > less or more == less and a < b
  end)
  return codes
end

local function tell_failures(result)
  local paint, groups = terminal.painter(io.stderr), geelark.failures(result):by_code()
  for _, code in ipairs(sorted_codes(groups)) do
    local name, remedy = geelark.codes[code].name, accounts.remedy(code, STOP)
    terminal.say(("  %d %s (%d)%s"):format(groups[code]:count(), paint("red", name), code,
      remedy ~= "" and ": " .. remedy or ""))
  end
end

local function quoted(word)
  return word:find "^[%w_./-]+$" and word or "'" .. word:gsub("'", "'\\''") .. "'"
end

local report = {}

---@param journal string|nil the file of the run's
function report.how_to_go_on(journal)
  if journal and core.file(journal) then
    return terminal.say("To go on: geelark resume " .. quoted(journal))
  end
  terminal.say("To go on run the same command again: phones that are gone then fail with "
    .. "not_found. With --journal FILE a run remembers them.")
end

local function tell(account, result, is_broken_off, given)
  if given.quiet and not is_broken_off then return end
  terminal.say(account.summary)
  if account.reason then terminal.say(account.reason) end
  tell_failures(result)
  if is_broken_off then report.how_to_go_on(given.journal) end
end

--- Every id, in a format for programs.
---@param output geelark.cli.Output
---@param result geelark.Result
---@param err geelark.Error|nil
---@param format "json"|"jsonl"|"csv"
function report.write(output, result, err, format)
  if format == "json" then return write_json(output, result, err) end
  formats[format](output, OUTCOME_COLUMNS, outcome_rows(err or result))
end

local function write_table(output, account)
  local rows, more = table_rows(account.left)
  formats.table(output, TABLE_COLUMNS, rows)
  if more > 0 then output:write(("and %d more; --format csv lists all\n"):format(more)) end
end

-- Where the results could not be written, what was not deleted is told all the same.
local function tell_left(left)
  for _, item in ipairs(left) do
    io.stderr:write(item.id, "\t", accounts.text(item, STOP), "\n")
  end
end

---@param result geelark.Result|nil
---@param err geelark.Error|nil
---@param given table arguments
---@param ended integer the exit status so far
---@param told fun() called once the sum has been told
---@return integer ended
function report.tell(result, err, given, ended, told)
  local account, known = accounts.new(result, err), result or err.result
  local function write(output)
    if given.format == "table" then return write_table(output, account) end
    report.write(output, known, err, given.format)
  end
  local function tell_all()
    -- A signal that ends the stopping of phones leaves no err: they failed with delete's code.
    tell(account, known, err or ended > status.SIGNAL, given)
    told()
  end
  -- Below a table that somebody sees the sum stands last; else it doesn't wait for who reads.
  local table_is_seen = given.format == "table" and terminal.is(io.stdout)
  if not table_is_seen then tell_all() end
  local final, written = results(write, ended)
  if table_is_seen then tell_all() end
  if not written then tell_left(account.left) end
  return final
end

return report
