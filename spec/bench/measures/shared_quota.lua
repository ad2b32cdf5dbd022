-- Processes that share 200 requests a minute, for two minutes: whether any minute has more of them,
-- counted as generously as the service may, and how near they come to what is allowed. Eight share a
-- SQLite file; three, whose clocks are a minute apart, a Redis server; all at the same time.

local counted = require "spec.support.counted"
local programs = require "spec.bench.programs"
local redis = require "spec.support.redis"
local shell = require "spec.support.shell"
local stats = require "spec.bench.stats"
local temporary = require "spec.support.temporary"

local LIMIT = 200
local SECONDS = 135 -- in which there is room for three times as many, and time to send them

local function start(store, clock)
  local program = programs.geelark("lua5.4", "shared_quota", "shared_quota.lua")
  local words = { "exec env", "BENCH_STORE=" .. shell.quote(store), "BENCH_SECONDS=" .. SECONDS }
  for name, value in pairs(program.environment) do
    words[#words + 1] = name .. "=" .. shell.quote(value)
  end
  -- Only the time of day is another one: what the measure counts by is the machine's.
  if clock then words[#words + 1] = "FAKETIME_DONT_FAKE_MONOTONIC=1 faketime -f " .. clock end
  words[#words + 1] = program.command
  return assert(io.popen(table.concat(words, " ")))
end

-- The requests of all processes, in the order of their leaving.
local function read(processes)
  local requests = {}
  for _, process in ipairs(processes) do
    for line in process:lines() do
      local sent, answered = line:match "^(%S+) (%S+)"
      requests[#requests + 1] = { sent = tonumber(sent), answered = tonumber(answered) }
    end
    process:close()
  end
  table.sort(requests, function(a, b) return a.sent < b.sent end)
  return requests
end

local function rows_of(who, processes)
  local requests = read(processes)
  local allowed = LIMIT * math.ceil(SECONDS / 60)
  local most = counted.most_in(requests, 60)
  return {
    { who = who .. ": most in any minute", figure = ("%d requests"):format(most),
      judged = stats.summary { most / LIMIT }, at_most = 1 },
    { who = who .. ": of what is allowed", figure = ("%d in %d s"):format(#requests, SECONDS),
      judged = stats.summary { #requests / allowed }, at_least = 0.95 },
  }
end

return {
  title = "200 a minute that processes share, two minutes",
  judged = "/ what is allowed",
  rows = function()
    local directory, server = temporary.new(), redis.start()
    local by_file, by_server = {}, {}
    for i = 1, 8 do by_file[i] = start("sqlite " .. directory:file "quota") end
    for i, clock in ipairs { "-1m", "+0m", "+1m" } do
      by_server[i] = start("redis " .. server.port, clock)
    end
    local rows = rows_of("SQLite, 8 processes", by_file)
    for _, row in ipairs(rows_of("Redis, 3 with clocks apart", by_server)) do
      rows[#rows + 1] = row
    end
    server:stop()
    directory:remove()
    return rows
  end,
}
