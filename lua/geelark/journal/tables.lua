-- The tables of a journal: made, and recognised.

local tables = {}

local VERSION = "1"

-- A phone's state is pending, deleted, presumed, failed, unknown or sent: the request that
-- asks for it is on its way, or was when the process ended. `asked`: the service may have
-- obeyed an earlier one. `stop`: its stop was sent, or accepted. Codes are texts, since
-- LuaDBI cuts integers to 32 bits.
local TABLES = {
  "CREATE TABLE run (version TEXT NOT NULL, base_url TEXT NOT NULL)",
  [[CREATE TABLE phones (id TEXT PRIMARY KEY, state TEXT NOT NULL DEFAULT 'pending', code TEXT,
    msg TEXT, asked INTEGER NOT NULL DEFAULT 0, stop TEXT)]],
  [[CREATE TABLE requests (traceId TEXT NOT NULL, action TEXT NOT NULL,
    amount INTEGER NOT NULL, sent REAL NOT NULL, seconds REAL, code TEXT, msg TEXT,
    httpStatus INTEGER, fault TEXT)]],
}

-- The same address may be written with a slash at its end.
local function bare(url) return (url:gsub("/+$", "")) end

-- As a job leaves it that ended while it made its journal.
function tables.are_missing(file)
  return tonumber(file:value "SELECT count(*) FROM sqlite_master") == 0
end

--- Raises where the file is no journal of this version, or for another address.
function tables.check(file, base_url)
  if tables.are_missing(file) then error(file.name .. " is empty, no journal yet", 0) end
  local count = "SELECT count(*) FROM sqlite_master WHERE name IN ('run', 'phones', 'requests')"
  if tonumber(file:value(count)) ~= #TABLES then
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

function tables.create(file, base_url)
  for _, statement in ipairs(TABLES) do file:execute(statement) end
  file:execute("INSERT INTO run VALUES (?, ?)", VERSION, base_url)
end

-- What a request that never came to an end leaves is unknown.
tables.SELECT = "SELECT id, CASE state WHEN 'sent' THEN 'unknown' ELSE state END, asked, stop, "
  .. "code, msg FROM phones"

--- A code as it is written.
function tables.code_text(code) return code and ("%.0f"):format(code) end

return tables
