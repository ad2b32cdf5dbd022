-- Opens the file of a journal, which one job has for itself.

local sqlite = require "geelark.sqlite"

-- Of what SQLite says.
local function is_in_use(why)
  return why:find("is locked", 1, true) ~= nil
end

-- The same in words that help.
local function explain(name, why)
  if is_in_use(why) then return name .. " is in use by another job or process" end
  if why:find("not a database", 1, true) then return name .. " is not a SQLite file" end
  -- That is what it says of a file that may only be read.
  local helps = why:find("disk I/O error", 1, true)
    and "; the file and its folder have to be writable" or ""
  return name .. ": " .. why .. helps
end

-- Takes the file for this job alone, until it is closed or the process ends. It may be somebody
-- else's: `check` raises before anything of it is changed.
local function lock(file, check)
  file:value "PRAGMA locking_mode = EXCLUSIVE"
  file:execute "PRAGMA page_size = 1024" -- of a new file; a commit writes whole pages
  file:transact(check)
  file:value "PRAGMA journal_mode = WAL"
  file:value "PRAGMA wal_autocheckpoint = 250" -- pages; to let the log grow costs more than this
  file:execute "PRAGMA synchronous = FULL"
  file:execute "BEGIN IMMEDIATE"
  file:execute "COMMIT"
end

-- Not in a finaliser: where the state is being closed, Lua (5.4 aside) would finalise all that there
-- is, and unload the libraries, under what runs. Lua 5.1 can't tell.
local function may_collect()
  local told, runs = pcall(collectgarbage, "isrunning")
  return not told or runs
end

-- A job that was dropped holds its file until the collector has found it.
return function(name, check)
  local in_use = false
  local function listen(_, why)
    in_use = in_use or is_in_use(why)
    return explain(name, why)
  end
  for try = 1, 2 do
    local file = sqlite.connect(name, listen)
    local locked, why = pcall(lock, file, check)
    if locked then return file end
    file:close()
    if try == 2 or not in_use or not may_collect() then error(why, 0) end
    collectgarbage()
    collectgarbage()
  end
end
