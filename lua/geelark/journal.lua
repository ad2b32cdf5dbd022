-- geelark.journal: what became of each id, in a SQLite file, so that a call which was cut
-- short can be made again: `geelark.delete(ids, { journal = "run.db" })`.
--
-- The core opens it for a job and then tells it of every event, before anybody else. What it
-- has written is on the disk when it returns; a request whose entry can't be written doesn't
-- leave. The file holds no secret: ids, what the service said of them, and an address.

local core = require "geelark.core"

local unpack = table.unpack or unpack

local VERSION = "1"

-- A phone's state is pending, deleted, presumed, failed, unknown or sent: the request that
-- asks for it is on its way, or was when the process ended. `asked`: the service may have
-- obeyed an earlier one. `stop`: its stop was sent, or accepted. Codes are texts, since
-- LuaDBI cuts integers to 32 bits.
local TABLES = {
  "CREATE TABLE run (version TEXT NOT NULL, base_url TEXT NOT NULL)",
  [[CREATE TABLE phones (id TEXT PRIMARY KEY, state TEXT NOT NULL DEFAULT 'pending', code TEXT,
    msg TEXT, asked INTEGER NOT NULL DEFAULT 0, stop TEXT)]],
  [[CREATE TABLE requests (traceId TEXT PRIMARY KEY, action TEXT NOT NULL,
    amount INTEGER NOT NULL, sent REAL NOT NULL, seconds REAL, code TEXT, msg TEXT,
    httpStatus INTEGER, fault TEXT)]],
}

local File = {}
File.__index = File

local NEEDED = "LuaDBI with SQLite3 is needed (Debian: apt-get install lua-dbi-sqlite3, "
  .. "LuaRocks: luarocks install luadbi-sqlite3)"

local function drivers()
  local loaded, DBI = pcall(require, "DBI")
  local why = DBI
  if loaded then loaded, why = pcall(require, "dbd.sqlite3") end
  if loaded then return DBI end
  why = tostring(why)
  error(why:find("not found", 1, true) and NEEDED or NEEDED .. ": " .. why, 0)
end

-- What SQLite says, in words that help.
local function explain(file, why)
  why = tostring(why):gsub("^Failed to connect to database: ", "")
  if why:find("is locked", 1, true) then return file .. " is in use by another job or process" end
  if why:find("not a database", 1, true) then return file .. " is not a SQLite file" end
  return file .. ": " .. why
end

function File:fail(why) error(explain(self.name, why), 0) end

--- Runs a statement; what it selects is asked of what it returns.
function File:execute(sql, ...)
  local statement = self.statements[sql]
  if not statement then
    self.statements[sql] = false -- the place first: one that found none would never be closed
    local prepared, why = self.connection:prepare(sql)
    if not prepared then self:fail(why) end
    statement = prepared
    self.statements[sql] = statement
  end
  local done, why = statement:execute(...)
  if done then return statement end
  statement:close() -- its next call would fail, too: LuaDBI told of this failure once more
  self.statements[sql] = nil
  self:fail(why)
end

-- Without memory of its own: a file that isn't closed for want of it would stay locked.
function File:close()
  for sql, statement in pairs(self.statements) do
    if statement then statement:close() end
    self.statements[sql] = nil
  end
  self.connection:close()
end

-- Does all that `change` writes, or nothing.
function File:transact(change, ...)
  self:execute "BEGIN IMMEDIATE"
  local changed, why = pcall(change, self, ...)
  if changed then changed, why = pcall(self.execute, self, "COMMIT") end
  if changed then return end
  pcall(self.execute, self, "ROLLBACK")
  error(why, 0)
end

-- SQLite takes some names for something else than files.
local function path_of(name)
  return name:find "^/" and name or "./" .. name
end

local function connect(name)
  local connection, why = drivers().Connect("SQLite3", path_of(name))
  if not connection then error(explain(name, why), 0) end
  local file = setmetatable({ name = name, connection = connection, statements = {} }, File)
  connection:autocommit(true) -- else the following are refused
  return file
end

-- The first value of the first row. The rest is read, too: a statement under way holds locks.
function File:value(sql, ...)
  local value
  for row in self:execute(sql, ...):rows() do
    if value == nil then value = row[1] end
  end
  return value
end

-- The same address may be written with a slash at its end.
local function bare(url) return (url:gsub("/+$", "")) end

local function check_run(file, base_url)
  local tables = "SELECT count(*) FROM sqlite_master WHERE name IN ('run', 'phones', 'requests')"
  if tonumber(file:value(tables)) ~= #TABLES then
    error(file.name .. " is not a journal of geelark's", 0)
  end
  local version, url = file:value "SELECT version FROM run", file:value "SELECT base_url FROM run"
  if version ~= VERSION then
    error(("%s is of another version (%s, this one is %s)"):format(file.name, version, VERSION), 0)
  end
  if base_url and bare(url) ~= bare(base_url) then
    error(("%s is for another base_url (%s, not %s)"):format(file.name, url, base_url), 0)
  end
end

local function create(file, base_url)
  for _, statement in ipairs(TABLES) do file:execute(statement) end
  file:execute("INSERT INTO run VALUES (?, ?)", VERSION, base_url)
end

local function is_empty(file)
  return tonumber(file:value "SELECT count(*) FROM sqlite_master") == 0
end

-- Takes the file for this job alone, until it is closed or the process ends. It may be somebody
-- else's: `check` raises before anything of it is changed.
local function lock(file, check)
  file:value "PRAGMA locking_mode = EXCLUSIVE"
  file:transact(check)
  file:value "PRAGMA journal_mode = WAL"
  file:execute "PRAGMA synchronous = FULL"
  file:execute "BEGIN IMMEDIATE"
  file:execute "COMMIT"
end

-- A job that was dropped holds its file until the collector has found it.
local function open_locked(name, check)
  for try = 1, 2 do
    local file = connect(name)
    local locked, why = pcall(lock, file, check)
    if locked then return file end
    file:close()
    if try == 2 or not why:find("in use", 1, true) then error(why, 0) end
    collectgarbage()
    collectgarbage()
  end
end

-- What a request that never came to an end leaves is unknown.
local SELECT = "SELECT id, CASE state WHEN 'sent' THEN 'unknown' ELSE state END, asked, stop, "
  .. "code, msg FROM phones"

-- What is known of each id, in the words of core.recall (or "asked": refused, and an earlier
-- request may have been obeyed), and whose phones were stopped.
local function read_phones(file)
  local found, stopped = {}, {}
  for row in file:execute(SELECT):rows() do
    local id, state = row[1], row[2]
    if state == "failed" then state = tonumber(row[3]) ~= 0 and "asked" or "refused" end
    found[id] = state
    stopped[id] = row[4] == "accepted" or nil
  end
  return found, stopped
end

local GONE = { deleted = true, presumed = true }

local INSERT = "INSERT INTO phones (id, state, code, msg, asked) VALUES (?, ?, ?, ?, ?) "
  .. "ON CONFLICT (id) DO UPDATE SET state = excluded.state, code = excluded.code, "
  .. "msg = excluded.msg, asked = excluded.asked"

local ROWS = 100 -- in one statement

local function insert_pending(file, ids)
  if #ids == 0 then return end
  local sql = "INSERT INTO phones (id) VALUES " .. ("(?),"):rep(#ids - 1) .. "(?)"
  file:execute(sql, unpack(ids))
end

local function code_text(code) return code and ("%.0f"):format(code) end

-- Whether what the file knows of an id counts, and not what the resumed call did. What is gone by
-- the file, or was asked for without an answer, may have been so only after that call.
local function counts(known, state)
  return state == "pending" or GONE[known] or known == "unknown" and state == "failed"
end

-- Writes the job's ids that aren't there yet, and tells the account what is known of the others.
-- What the job knows by itself, from the call that it resumes, is written, too.
local function plan(file, account)
  local found, stopped = read_phones(file)
  local fresh, n = {}, 0
  for id, state, code, msg in core.outcomes(account) do
    id, n = tostring(id), n + 1
    local known = found[id]
    local tells = known ~= "pending" or stopped[id]
    if known and tells and counts(known, state) then
      core.recall(account, n, known == "asked" and "unknown" or known, stopped[id])
    elseif state ~= "pending" then
      local asked = core.recall(account, n, "pending", stopped[id]) or known == "asked"
      file:execute(INSERT, id, state, code_text(code), msg,
        (state == "unknown" or asked and state == "failed") and 1 or 0)
    elseif not known then
      fresh[#fresh + 1] = id
      if #fresh == ROWS then
        insert_pending(file, fresh)
        fresh = {}
      end
    end
  end
  insert_pending(file, fresh)
end

-- Sets the same columns of all these phones.
function File:set(columns, ids)
  if #ids == 0 then return end
  local texts = {}
  for n, id in ipairs(ids) do texts[n] = tostring(id) end
  local sql = "UPDATE phones SET " .. columns .. " WHERE id IN (" .. ("?,"):rep(#ids - 1) .. "?)"
  self:execute(sql, unpack(texts))
end

function File:set_failed(details)
  for _, failure in ipairs(details) do
    self:execute("UPDATE phones SET state = 'failed', code = ?, msg = ?, asked = 0 WHERE id = ?",
      code_text(failure.code), failure.msg, tostring(failure.id))
  end
end

-- What is written for each type of event; the others change nothing.
local writers = {}

function writers.send(file, event)
  if event.action == "delete" then
    file:set("state = 'sent'", event.ids)
  elseif event.action == "stop" then
    file:set("stop = COALESCE(stop, 'sent')", event.ids)
  end
  file:execute("INSERT OR REPLACE INTO requests (traceId, action, amount, sent) "
    .. "VALUES (?, ?, ?, ?)", event.traceId, event.action, #event.ids, os.time())
end

function writers.lost(file, event)
  if event.action == "delete" then
    file:set("state = CASE WHEN code IS NULL THEN 'pending' ELSE 'failed' END, asked = 0",
      event.ids)
    file:set("state = 'unknown', asked = 1", event.askedIds)
  elseif event.action == "stop" and not event.sent then
    file:set("stop = NULLIF(stop, 'sent')", event.ids)
  end
  if event.sent then
    file:execute("UPDATE requests SET fault = ?, code = ?, httpStatus = ? WHERE traceId = ?",
      event.message, code_text(event.code), event.httpStatus, event.traceId)
  else
    file:execute("DELETE FROM requests WHERE traceId = ?", event.traceId)
  end
end

function writers.settle(file, event)
  if event.action == "delete" then
    file:set("state = 'pending', code = NULL, msg = NULL, asked = 0", event.pendingIds)
  end
  file:set("state = 'deleted', code = NULL, msg = NULL, asked = 0", event.deletedIds)
  file:set("state = 'presumed', code = NULL, msg = NULL, asked = 0", event.presumedIds)
  file:set_failed(event.failDetails)
  file:set_failed(event.stoppingDetails)
  file:set("asked = 1, state = CASE state WHEN 'failed' THEN state ELSE 'unknown' END",
    event.askedIds)
  file:set("state = 'unknown', asked = 1", event.unknownIds)
  file:set("stop = 'accepted'", event.stoppedIds)
  if event.traceId then
    file:execute("UPDATE requests SET code = ?, msg = ?, httpStatus = ?, seconds = ? "
      .. "WHERE traceId = ?", code_text(event.code), event.msg, event.httpStatus, event.seconds,
      event.traceId)
  end
end

local journal = {}

-- Whether there is such a file, which mustn't be opened by anything but SQLite.
local function exists(name)
  local _, _, number = os.rename(name, name)
  return number ~= 2
end

-- The file's whole name, which holds wherever the process goes.
local function whole_name(file)
  local name
  for row in file:execute("PRAGMA database_list"):rows() do name = name or row[3] end
  return name
end

-- For the core: opens the file for the ids of an account, which then goes on where the file
-- ends. Returns the function that writes an event (nil: the job is done) and the connection,
-- which must not be closed in the child of a fork. Raises a text: it can't be.
function journal.open(name, base_url, account)
  local file = open_locked(name, function(file)
    if not is_empty(file) then check_run(file, base_url) end
  end)
  local whole
  local planned, why = pcall(file.transact, file, function()
    if is_empty(file) then create(file, base_url) end
    plan(file, account)
    whole = whole_name(file)
  end)
  if not planned then
    file:close()
    error(why, 0)
  end
  local function write(event)
    if not event then return file:close() end
    -- SQLite would go on writing, for nobody to read after a crash.
    if event.type == "send" and not exists(whole) then error(name .. " is no longer there", 0) end
    local writer = writers[event.type]
    if writer then file:transact(writer, event) end
  end
  return write, file.connection
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
  for row in file:execute(SELECT .. " ORDER BY rowid"):rows() do phones[#phones + 1] = row end
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
  if not exists(name) then error(name .. ": no such file", 0) end
  local file, result = open_locked(name, check_run), nil
  local done, why = pcall(function()
    result = read_account(file)
    result.requests = read_requests(file)
  end)
  file:close()
  if not done then error(why, 0) end
  return result
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
