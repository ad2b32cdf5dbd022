-- The process that is killed: deletes the ids of a file with a journal and prints what became of
-- each. Told by the environment: GEELARK_BASE_URL, GEELARK_TOKEN; RUN_FOLDER, which has ids.txt and
-- gets run.db; RUN_CHUNK, ids a request; RUN_KILL, such as "send 7": it kills itself at that
-- event, after the journal has written it.

local geelark = require "geelark"
local hurried = require "spec.support.hurried_clock"

local folder = os.getenv "RUN_FOLDER"
local kill_at, kill_number = (os.getenv "RUN_KILL" or ""):match "(%a+) (%d+)"
local seen = 0

local function on_event(event)
  if event.type ~= kill_at then return end
  seen = seen + 1
  if seen < tonumber(kill_number) then return end
  os.execute "kill -9 $PPID"
  while true do assert(seen > 0) end -- until the signal is here
end

local result, err = geelark.delete(io.lines(folder .. "/ids.txt"), {
  journal = folder .. "/run.db", on_event = on_event, clock = hurried(),
  requests_per_minute = false, chunk_size = tonumber(os.getenv "RUN_CHUNK"),
})

print(err and err.kind or "whole")
for id, state, code in geelark.outcomes(result or err) do print(id, state, code or 0) end
print "end" -- else it was killed while it told
