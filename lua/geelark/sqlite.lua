-- SQLite, through LuaDBI: connections to a file, with statements that raise what SQLite says.

local sqlite = {}

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

-- LuaDBI says before it what it wanted to do.
local function words_of(why)
  return (tostring(why):gsub("^Failed to connect to database: ", "")
    :gsub("^Error preparing statement handle: ", ""):gsub("^Execute failed:? ", ""))
end

---@class geelark.sqlite.Connection
---@field name string the file's, as it was given
---@field handle table LuaDBI's
---@field explain (fun(name: string, why: string): string)|nil
---@field statements table<string, table|false> by their text, for the next time
---@field request_rows table<string, integer>|nil of a journal: its requests' rows by traceId
---@field last_row integer|nil of a journal: the last of them
local Connection = {}
Connection.__index = Connection

-- SQLite takes some names for something else than files.
local function path_of(name)
  return name:find "^/" and name or "./" .. name
end

--- Opens a file, which is made where there is none.
---@param name string
---@param explain (fun(name: string, why: string): string)|nil what SQLite says, in other words
---@return geelark.sqlite.Connection
function sqlite.connect(name, explain)
  local connection = setmetatable({ name = name, explain = explain, statements = {} }, Connection)
  local handle, why = drivers().Connect("SQLite3", path_of(name))
  if not handle then connection:fail(why) end
  connection.handle = handle
  handle:autocommit(true) -- else LuaDBI begins transactions of its own
  return connection
end

function Connection:fail(why)
  why = words_of(why)
  error(self.explain and self.explain(self.name, why) or why, 0)
end

--- A statement, made once for each text.
function Connection:prepare(sql)
  if self.statements[sql] then return self.statements[sql] end
  self.statements[sql] = false -- the place first: one that found none would never be closed
  local prepared, why = self.handle:prepare(sql)
  if not prepared then self:fail(why) end
  self.statements[sql] = prepared
  return prepared
end

--- Runs a statement; what it selects is asked of what it returns. (LuaDBI cuts integers to 32 bits:
--- what may be longer is text or REAL in a table.)
function Connection:execute(sql, ...)
  local statement = self:prepare(sql)
  local done, why = statement:execute(...)
  if done then return statement end
  statement:close() -- its next call would fail, too: LuaDBI told of this failure once more
  self.statements[sql] = nil
  self:fail(why)
end

--- All rows, each a list. They are read to the end: a statement under way holds locks.
function Connection:rows(sql, ...)
  local rows = {}
  for row in self:execute(sql, ...):rows() do rows[#rows + 1] = row end
  return rows
end

--- The first value of the first row.
function Connection:value(sql, ...)
  local row = self:rows(sql, ...)[1]
  return row and row[1]
end

--- Does all that `change` does with the connection, or nothing; returns what it returns.
function Connection:transact(change, ...)
  self:execute "BEGIN IMMEDIATE"
  local changed, result = pcall(change, self, ...)
  local why = result
  if changed then changed, why = pcall(self.execute, self, "COMMIT") end
  if changed then return result end
  pcall(self.execute, self, "ROLLBACK")
  error(why, 0)
end

-- Without memory of its own: a file that isn't closed for want of it would stay locked.
function Connection:close()
  for sql, statement in pairs(self.statements) do
    if statement then statement:close() end
    self.statements[sql] = nil
  end
  self.handle:close()
end

--- The file's whole name, which holds wherever the process goes.
function Connection:path()
  return self:rows("PRAGMA database_list")[1][3]
end

return sqlite
