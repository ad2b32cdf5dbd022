-- What a journal writes for each event of a job.

local code_text = require("geelark.journal.tables").code_text

local unpack = table.unpack or unpack

-- Sets the same columns of all these phones.
local function set(file, columns, ids)
  if #ids == 0 then return end
  local texts = {}
  for n, id in ipairs(ids) do texts[n] = tostring(id) end
  local sql = "UPDATE phones SET " .. columns .. " WHERE id IN (" .. ("?,"):rep(#ids - 1) .. "?)"
  file:execute(sql, unpack(texts))
end

local function set_failed(file, details)
  for _, failure in ipairs(details) do
    file:execute("UPDATE phones SET state = 'failed', code = ?, msg = ?, asked = 0 WHERE id = ?",
      code_text(failure.code), failure.msg, tostring(failure.id))
  end
end

-- The number of a request's row, the same for each event of it. An index of traceIds would be a page
-- more to write each time.
local function row_of(file, trace_id)
  local rows = file.request_rows
  if not rows then
    rows = {}
    file.last_row = tonumber(file:value "SELECT max(rowid) FROM requests") or 0
    file.request_rows = rows
  end
  if not rows[trace_id] then
    rows[trace_id] = file.last_row + 1
    file.last_row = rows[trace_id]
  end
  return rows[trace_id]
end

-- What is written for each type of event; the others change nothing.
local writers = {}

function writers.send(file, event)
  if event.action == "delete" then
    set(file, "state = 'sent'", event.ids)
  elseif event.action == "stop" then
    set(file, "stop = COALESCE(stop, 'sent')", event.ids)
  end
  file:execute("INSERT OR REPLACE INTO requests (rowid, traceId, action, amount, sent) "
    .. "VALUES (?, ?, ?, ?, ?)", row_of(file, event.traceId), event.traceId, event.action,
    #event.ids, os.time())
end

function writers.lost(file, event)
  if event.action == "delete" then
    set(file, "state = CASE WHEN code IS NULL THEN 'pending' ELSE 'failed' END, asked = 0",
      event.ids)
    set(file, "state = 'unknown', asked = 1", event.askedIds)
  elseif event.action == "stop" and not event.sent then
    set(file, "stop = NULLIF(stop, 'sent')", event.ids)
  end
  if event.sent then
    file:execute("UPDATE requests SET fault = ?, code = ?, httpStatus = ? WHERE rowid = ?",
      event.message, code_text(event.code), event.httpStatus, row_of(file, event.traceId))
  else
    file:execute("DELETE FROM requests WHERE rowid = ?", row_of(file, event.traceId))
  end
end

function writers.settle(file, event)
  if event.action == "delete" then
    set(file, "state = 'pending', code = NULL, msg = NULL, asked = 0", event.pendingIds)
  end
  set(file, "state = 'deleted', code = NULL, msg = NULL, asked = 0", event.deletedIds)
  set(file, "state = 'presumed', code = NULL, msg = NULL, asked = 0", event.presumedIds)
  set_failed(file, event.failDetails)
  set_failed(file, event.stoppingDetails)
  -- What delete had refused before its phone was stopped may be gone by an earlier try of the halves.
  local tried_again = event.halved and event.action == "delete"
  set(file, tried_again and "state = 'unknown', asked = 1"
    or "asked = 1, state = CASE state WHEN 'failed' THEN state ELSE 'unknown' END", event.askedIds)
  set(file, "state = 'unknown', asked = 1", event.unknownIds)
  set(file, "stop = 'accepted'", event.stoppedIds)
  if event.traceId then
    file:execute("UPDATE requests SET code = ?, msg = ?, httpStatus = ?, seconds = ? "
      .. "WHERE rowid = ?", code_text(event.code), event.msg, event.httpStatus, event.seconds,
      row_of(file, event.traceId))
  end
end

return writers
