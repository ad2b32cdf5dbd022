-- geelark.journal: what became of each id, in a SQLite file, so that a call which was cut
-- short can be made again: `geelark.delete(ids, { journal = "run.db" })`.
--
-- The core opens it for a job and then tells it of every event, before anybody else. What it
-- has written is on the disk when it returns; a request whose entry can't be written doesn't
-- leave. The file holds no secret: ids, what the service said of them, and an address.

local core = require "geelark.core"
local open = require "geelark.journal.file"
local plan = require "geelark.journal.plan"
local tables = require "geelark.journal.tables"
local writers = require "geelark.journal.events"

local journal = {}

-- Raises where a job for this address can't go on with a file. An empty one it fills.
local function check(file, base_url)
  if not tables.are_missing(file) then tables.check(file, base_url) end
end

-- Why a file can't be read or gone on with. What no job has written is what our own functions refuse.
local function explain(name, why)
  why = tostring(why)
  local refused = why:match "%.lua:%d+: bad argument #%d to '[^']*' %((.*)%)$"
  return refused and name .. " holds what no job has written: " .. refused or why
end

-- Of a file that has another name by now SQLite would leave the log beside what has taken its place.
local EMPTY_LOG = "PRAGMA wal_checkpoint(TRUNCATE)"

-- For the core: opens the file for the ids of an account, which then goes on where the file
-- ends. Returns the function that writes an event (nil: the job is done) and the connection,
-- which must not be closed in the child of a fork. Raises a text: it can't be.
function journal.open(name, base_url, account)
  local file = open(name, function(file) check(file, base_url) end)
  local whole, number, empty_log
  local planned, why = pcall(file.transact, file, function()
    if tables.are_missing(file) then tables.create(file, base_url) end
    plan(file, account)
    whole = file:path()
    number = core.file(whole)
    empty_log = file:prepare(EMPTY_LOG) -- there may be no memory for it at the end
  end)
  if not planned then
    file:close()
    error(explain(name, why), 0)
  end
  local function write(event)
    if not event then
      pcall(empty_log.execute, empty_log) -- nor for this
      return file:close()
    end
    -- SQLite would go on writing, for nobody to read after a crash.
    if event.type == "send" and core.file(whole) ~= number then
      error(name .. " is no longer there", 0)
    end
    local writer = writers[event.type]
    if writer then file:transact(writer, event) end
  end
  return write, file.handle
end

-- LuaDBI gives whole numbers as floats.
local function integer(number) return number and tonumber(("%.0f"):format(number)) end

-- The log of requests, an entry for each that left.
local function read_requests(file)
  local requests = {}
  local statement = file:execute("SELECT traceId, action, amount, seconds, code, msg, httpStatus "
    .. "FROM requests ORDER BY rowid")
  for row in statement:rows() do
    requests[#requests + 1] = {
      traceId = row[1], action = row[2], amount = integer(row[3]), seconds = row[4] or 0,
      code = integer(row[5]), msg = row[6], httpStatus = integer(row[7]), attempts = 1,
    }
  end
  return requests
end

-- The account of all that is in the file, in the order in which it came there.
local function read_account(file)
  local phones, n = {}, 0
  local statement = file:execute(tables.SELECT .. " ORDER BY rowid")
  for row in statement:rows() do phones[#phones + 1] = row end
  local account = core.account(function()
    n = n + 1
    return phones[n] and phones[n][1]
  end)
  for position, row in ipairs(phones) do
    local state, stopped = row[2], row[4] == "accepted"
    if state == "pending" and tonumber(row[3]) ~= 0 then state = "unknown" end
    core.recall(account, position, state, stopped, integer(row[5]), row[6])
  end
  return core.result(account)
end

local function read(name)
  if not core.file(name) then error(name .. ": no such file", 0) end
  local file, result = open(name, tables.check), nil
  local done, why = pcall(function()
    result = read_account(file)
    result.requests = read_requests(file)
  end)
  file:close()
  if not done then error(explain(name, why), 0) end
  return result
end

local USABLE = "usable" -- raised where the file would be taken, so that it is left as it is

--- For the command's dry run: what a job would say of a file before it sends anything. A file that
--- isn't there isn't made; where its folder isn't there, it can't be.
---@param name string
---@param base_url string
---@return geelark.Error|nil err # nil: nothing
function journal.rehearse(name, base_url)
  if not core.file(name) and core.file(name:match "^.*/" or ".") then return nil end
  local _, why = pcall(open, name, function(file)
    check(file, base_url)
    error(USABLE, 0)
  end)
  return why ~= USABLE and core.config_error("journal: " .. tostring(why)) or nil
end

--- What became of all ids that are in a journal, for geelark.failures, outcomes and resume.
--- Its `requests` has an entry for each request that left.
---@param name string # the file
---@return geelark.Result|nil result # nil: the file can't be read
---@return geelark.Error|nil err # of kind config, without result
function journal.read(name)
  if type(name) ~= "string" then
    error("bad argument #1 to 'read' (file name expected, got " .. type(name) .. ")", 2)
  end
  local done, result = pcall(read, name)
  if done then return result end
  if tostring(result):find "not enough memory$" then error("not enough memory", 0) end
  return nil, core.config_error("journal: " .. tostring(result))
end

return journal
