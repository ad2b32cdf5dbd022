-- A quota that the processes of a machine share, in a SQLite file.
--
-- The file is opened for each question and closed again, which takes less than a millisecond: so
-- that no connection goes through a fork, which SQLite forbids, and a file that was removed is
-- found to be gone. The journal is SQLite's own, and nothing waits for the disk: a process that
-- dies in the middle leaves the file whole; power that fails may spoil it, and then it says so.
--
-- Times are those of a clock that all processes of the machine share and nobody sets. It begins
-- anew when the machine starts, and how long the machine was off it can't tell: then all that is
-- in the file is taken to have happened as long ago as if the machine hadn't been off at all.

local core = require "geelark.core"
local shared = require "geelark.limiter.shared"
local sqlite = require "geelark.sqlite"

local NAME = "geelark.limiter.sqlite"
local PATIENCE, PATIENCE_AT_FIRST = 250, 5000 -- ms, for others who have the file
local FORGET = 3700 -- seconds: what ended so long ago counts in no window
local VERSION = 1

local SCHEMA = {
  "CREATE TABLE geelark_limiter (version REAL, made TEXT, numbers REAL, noted REAL)",
  "CREATE TABLE requests (ticket INTEGER PRIMARY KEY, path TEXT, ends REAL)",
  "CREATE INDEX requests_of_path ON requests (path, ends)",
  "CREATE INDEX requests_by_end ON requests (ends)",
  "CREATE TABLE line (holder REAL, path TEXT, since REAL, till REAL, place REAL,"
    .. " PRIMARY KEY (holder, path))",
}

local function store_in(connection)
  local store = {}

  function store.made() return connection:value "SELECT made FROM geelark_limiter" end

  function store.number()
    connection:execute "UPDATE geelark_limiter SET numbers = numbers + 1"
    return connection:value "SELECT numbers FROM geelark_limiter"
  end

  function store.latest(path, n)
    return connection:value("SELECT ends FROM requests WHERE path = ? "
      .. "ORDER BY ends DESC LIMIT 1 OFFSET ?", path, n - 1)
  end

  function store.in_flight(now)
    return connection:value("SELECT CAST(count(*) AS REAL) FROM requests WHERE ends > ?", now)
  end

  function store.add(ticket, path, ends)
    connection:execute("INSERT INTO requests VALUES (?, ?, ?)", ticket, path, ends)
  end

  function store.answer(ticket, _, now)
    connection:execute("UPDATE requests SET ends = ? WHERE ticket = ?", now, ticket)
  end

  function store.line()
    local line = connection:rows "SELECT holder, path, since, till, place FROM line"
    for i, row in ipairs(line) do
      line[i] = { holder = row[1], path = row[2], since = row[3], till = row[4],
        place = row[5] == 1 }
    end
    return line
  end

  function store.leave(one)
    connection:execute("DELETE FROM line WHERE holder = ? AND path = ?", one.holder, one.path)
  end

  function store.wait(one)
    connection:execute("REPLACE INTO line VALUES (?, ?, ?, ?, ?)", one.holder, one.path, one.since,
      one.till, one.place and 1 or 0)
  end

  return store
end

-- What came before the machine last started came before its clock's zero.
local function keep_time(connection, now)
  local noted = connection:value "SELECT noted FROM geelark_limiter"
  if now < noted then
    connection:execute("UPDATE requests SET ends = ends - ?", noted)
    connection:execute "DELETE FROM line"
  end
  connection:execute("UPDATE geelark_limiter SET noted = ?", now)
  connection:execute("DELETE FROM requests WHERE ends < ?", now - FORGET)
end

-- Calls what has the file for itself; raises where it can't be had. The clock is read when it has:
-- so that times never go back from one question to the next.
local function transact(file, patience, act)
  local connection = sqlite.connect(file)
  local done, answer = pcall(function()
    connection:execute("PRAGMA busy_timeout = " .. patience)
    connection:execute "PRAGMA synchronous = OFF"
    return connection:transact(function() return act(connection, core.now()) end)
  end)
  connection:close()
  if not done then error(answer, 0) end
  return answer
end

-- Makes the tables where there are none; returns the whole path, since the process may go elsewhere.
local function set_up(connection, now)
  if not connection:value "SELECT name FROM sqlite_master" then
    for _, sql in ipairs(SCHEMA) do connection:execute(sql) end
    connection:execute("INSERT INTO geelark_limiter VALUES (?, hex(randomblob(16)), 0, ?)",
      VERSION, now)
  end
  local found, version = pcall(connection.value, connection, "SELECT version FROM geelark_limiter")
  if not found then error("it is a database, but no quota", 0) end
  if version ~= VERSION then error("another version of geelark made it", 0) end
  connection:execute "UPDATE geelark_limiter SET numbers = numbers" -- raises where it is read only
  return connection:path()
end

---A limiter for geelark.new, for all processes of this machine that name the same file. Raises
---where there can't be such a file.
---@param file string its name; it is made where there is none
---@param limits? geelark.Limits
---@return geelark.Limiter
return function(file, limits)
  if type(file) ~= "string" or file == "" then
    error(("%s: name of a file expected, got %s"):format(NAME, tostring(file)), 2)
  end
  limits = shared.limits(NAME, limits)
  local opened, path = pcall(transact, file, PATIENCE_AT_FIRST, set_up)
  if not opened then error(("%s: %s: %s"):format(NAME, file, tostring(path)), 0) end

  return shared.limiter(limits, function(question)
    if not core.file(path) then return nil, path .. " is gone" end
    local done, answer = pcall(transact, path, PATIENCE, function(connection, now)
      keep_time(connection, now)
      local result, value, holder, made = shared.decide(store_in(connection), question, now)
      return { result = result, value = value, holder = holder, made = made, now = now }
    end)
    if done then return answer end
    return nil, ("%s: %s"):format(path, tostring(answer))
  end)
end
