-- What a job has to ask for: its ids, and what a journal knows of them.

local core = require "geelark.core"
local tables = require "geelark.journal.tables"

local unpack = table.unpack or unpack

-- What is known of each id, in the words of core.recall (or "asked": refused, and an earlier
-- request may have been obeyed), and whose phones were stopped.
local function read_phones(file)
  local found, stopped = {}, {}
  for row in file:execute(tables.SELECT):rows() do
    local id, state = row[1], row[2]
    if state == "failed" then state = tonumber(row[3]) ~= 0 and "asked" or "refused" end
    found[id] = state
    stopped[id] = row[4] == "accepted" or nil
  end
  return found, stopped
end

local GONE = { deleted = true, presumed = true }

local INSERT = "INSERT INTO phones (id, state, code, msg, asked, stop) VALUES (?, ?, ?, ?, ?, ?) "
  .. "ON CONFLICT (id) DO UPDATE SET state = excluded.state, code = excluded.code, "
  .. "msg = excluded.msg, asked = excluded.asked, stop = COALESCE(excluded.stop, stop)"

local ROWS = 100 -- in one statement

local function insert_pending(file, ids)
  if #ids == 0 then return end
  local sql = "INSERT INTO phones (id) VALUES " .. ("(?),"):rep(#ids - 1) .. "(?)"
  file:execute(sql, unpack(ids))
end

-- Whether what the file knows of an id counts, and not what the resumed call did. What is gone by
-- the file, or was asked for without an answer, may have been so only after that call.
local function counts(known, state)
  return state == "pending" or GONE[known] or known == "unknown" and state == "failed"
end

-- Writes the job's ids that aren't there yet, and tells the account what is known of the others.
-- What the job knows by itself, from the call that it resumes, is written, too.
return function(file, account)
  local found, stopped = read_phones(file)
  local fresh, n = {}, 0
  for given, state, code, msg in core.outcomes(account) do
    local id = tostring(given)
    n = n + 1
    local known = found[id]
    local tells = known ~= "pending" or stopped[id]
    if known and tells and counts(known, state) then
      core.recall(account, n, known == "asked" and "unknown" or known, stopped[id])
    elseif state ~= "pending" then
      local asked, was_stopped = core.recall(account, n, "pending", stopped[id])
      asked = asked or known == "asked"
      file:execute(INSERT, id, state, tables.code_text(code), msg,
        (state == "unknown" or asked and state == "failed") and 1 or 0,
        was_stopped and "accepted" or nil)
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

