-- Lets every allocation fail, one after the other, over all that geelark does: Lua's, the core's own
-- and libcurl's; the n-th alone, and from the n-th on. What must hold whatever failed is in
-- memory/judge.lua and memory/case.lua, what others do then in memory/not_ours.lua.
--
-- ROUNDS=n    so many rounds, each of every seventh n, beginning with the day's; seven are all.
--             Else one.
-- CASE=text   the sweeps with this in their names alone, such as "http, curl, once"
-- LUAS=names  instead of lua5.1 lua5.4 luajit
-- VERBOSE=1   a line for each sweep

local entries = require("spec.torture.memory.not_ours").entries
local shell = require "spec.support.shell"

local STRIDE = 7

local rounds = tonumber(os.getenv "ROUNDS" or 1)
local wanted = os.getenv "CASE" or ""
local luas = {}
for lua in (os.getenv "LUAS" or "lua5.1 lua5.4 luajit"):gmatch "%S+" do luas[#luas + 1] = lua end

-- Syncing to a disk is not what is tried here.
local folder = shell.run "test -w /dev/shm && echo /dev/shm || echo ${TMPDIR:-/tmp}"

-- The core with the allocations of memory/lab.c.
local function build(lua)
  shell.run("make --no-print-directory -s all LUA=%s BUILD=build/torture/" .. lua
    .. " CPPFLAGS='-include spec/torture/memory/allocations.h'", lua)
end

local total = { failed = 0, findings = 0, scenarios = 0 }
local apart = {}

local function start(lua, stride, first)
  local words = { folder, "lua/?.lua;lua/?/init.lua;./?.lua;;",
    ("build/torture/%s/?.so;;"):format(lua),
    lua, "spec/torture/memory/run.lua", stride, first, wanted }
  for i, word in ipairs(words) do words[i] = shell.quote(word) end
  local command = "TMPDIR=" .. words[1] .. " LUA_PATH=" .. words[2] .. " LUA_CPATH="
    .. table.concat(words, " ", 3) .. " 2>&1"
  return assert(io.popen(command))
end

-- Prints the findings and adds up the figures.
local function read(lua, pipe)
  local ended = false
  for line in pipe:lines() do
    local failed, findings, scenarios = line:match "^figures (%d+) (%d+) (%d+)$"
    local times, entry = line:match "^apart (%d+) (%d+)$"
    if failed then
      ended = true
      total.failed, total.findings = total.failed + failed, total.findings + findings
      total.scenarios = tonumber(scenarios)
    elseif times then
      entry = tonumber(entry)
      apart[entry] = (apart[entry] or 0) + times
    else
      print(lua .. ": " .. line)
      io.stdout:flush()
    end
  end
  pipe:close()
  if ended then return end
  total.findings = total.findings + 1
  print(lua .. ": ended before its time")
end

local function run(stride, first)
  for _, lua in ipairs(luas) do read(lua, start(lua, stride, first)) end
end

-- 6240 as "6,240"
local function grouped(number)
  return (("%d"):format(number):reverse():gsub("(%d%d%d)", "%1,"):reverse():gsub("^,", ""))
end

local function now() return tonumber(shell.run "date +%s.%N") end

local began = now()
for _, lua in ipairs(luas) do build(lua) end
if rounds >= STRIDE then
  run(1, 1)
else
  for round = 1, rounds do run(STRIDE, (tonumber(os.date "%j") + round) % STRIDE + 1) end
end

local not_ours = 0
for entry, times in pairs(apart) do
  local other = entries[entry]
  print(("not ours, %s times: %s %s"):format(grouped(times), other.who, other.why))
  not_ours = not_ours + times
end
print(("memory: %s; %d scenarios; %s failed allocations, %d findings, %s not ours, %.0f s"):format(
  table.concat(luas, ", "), total.scenarios, grouped(total.failed), total.findings,
  grouped(not_ours), now() - began))
if total.failed == 0 then print("no sweep is called " .. wanted) end
os.exit(total.findings == 0 and total.failed > 0 and 0 or 1)
