-- A SQLite file, through LuaDBI: statements that raise what SQLite says, in words that help, and a
-- file that one job has for itself.

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

-- The first value of the first row. The rest is read, too: a statement under way holds locks.
function File:value(sql, ...)
  local value
  for row in self:execute(sql, ...):rows() do
    if value == nil then value = row[1] end
  end
  return value
end

-- The file's whole name, which holds wherever the process goes.
function File:whole_name()
  local name
  for row in self:execute("PRAGMA database_list"):rows() do name = name or row[3] end
  return name
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

-- Opens a file and takes it. A job that was dropped holds its file until the collector has found it.
function File.open(name, check)
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

-- Whether there is such a file, which mustn't be opened by anything but SQLite.
function File.exists(name)
  local _, _, number = os.rename(name, name)
  return number ~= 2
end

return File
