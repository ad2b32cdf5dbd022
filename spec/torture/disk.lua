-- make torture ONLY=disk: the journal while processes are killed and disks fail, and random lives of
-- jobs in this process. Prints one line of figures; exit status 1 where something was found.
-- ROUNDS=200 is the long form. Most of the time goes into the disk: TMPDIR=/dev/shm is faster.

local lives = require "spec.torture.journal.lives"
local kills = require "spec.torture.journal.kills"
local new_round = require("spec.torture.journal.round").new
local shell = require "spec.support.shell"
local temporary = require "spec.support.temporary"

local rounds = tonumber(os.getenv "ROUNDS") or 12
local PHONES = 3000

local findings = {}

local function collect(round)
  for n, finding in ipairs(round.findings) do
    findings[#findings + 1] = finding
    if n <= 3 then io.stderr:write(finding, "\n") end
  end
  round:close()
end

local started = os.time()
local histories = rounds * 10
local folder = temporary.new()
for seed = 1, histories do
  local found = lives(seed, folder:file(("run%d.db"):format(seed)))
  collect { findings = found, close = function() end }
end
folder:remove()

for seed = 1, rounds do
  local round = new_round(seed, PHONES)
  round:play(function(_, turn) return kills[(seed + turn) % #kills + 1](round, turn) end, 2)
  collect(round)
end

-- One write after the other fails, once or from then on, until a run meets none that does.
folder = temporary.new()
local library = folder:file "failing_disk.so"
shell.run("cc -shared -fPIC -O1 -D_GNU_SOURCE -o %s spec/torture/journal/failing_disk.c -ldl",
  library)
local step = rounds < 100 and 5 or 1
local failed_writes = 0
for _, how in ipairs { "", "FAIL_ALWAYS=1 " } do
  local at = 1
  repeat
    local round = new_round(at, 450)
    local note = round.folder:file "failed"
    round:play(function()
      return round:run("env LD_PRELOAD=" .. library, ("RUN_CHUNK=50 FAIL_AT=%d FAIL_NOTE=%s %s")
        :format(at, note, how))
    end, 1)
    local failed = io.open(note)
    if failed then
      failed:close()
      failed_writes = failed_writes + 1
    end
    collect(round)
    at = at + step
  until not failed
end
folder:remove()

print(("disk: %d histories; %d rounds killed or out of space twice and %d failed writes, %d phones "
  .. "each and 450: %d findings, %d s"):format(histories, rounds, failed_writes, PHONES, #findings,
  os.time() - started))
os.exit(#findings == 0 and 0 or 1)
