-- Two jobs, each of a client of its own, whose requests are all in flight before the first
-- answer comes. Nothing is stepped until every answer has arrived; then each step is timed.
-- Prints the seconds of the longest step that sends, of the longest one that receives, and of
-- the longer job:result().

local geelark = require "geelark"
local workload = require "spec.bench.clients.workload"
local socket = require "socket"
local gettime = socket.gettime

local latency = assert(tonumber(os.getenv "BENCH_URL":match "/ms(%d+)/")) / 1000
local half = #workload.ids / 2

local function part(from, to)
  local ids = {}
  for i = from, to do ids[#ids + 1] = workload.ids[i] end
  return ids
end

local function start(ids)
  return geelark.start(ids, { token = "token-of-the-bench", base_url = workload.url,
    concurrency = workload.concurrency, chunk_size = workload.chunk,
    requests_per_minute = false, requests_per_hour = false })
end

local longest

local function timed(method, job)
  local from = gettime()
  local value = job[method](job)
  longest = math.max(longest, gettime() - from)
  return value
end

local jobs = { start(part(1, half)), start(part(half + 1, 2 * half)) }

longest = 0
local begun = gettime()
repeat
  for _, job in ipairs(jobs) do
    assert(not timed("step", job), "an answer came before all was sent")
    assert(job:progress().failAmount == 0, "an answer came before all was sent")
  end
  socket.sleep(0.001) -- the server has this core, too
until gettime() - begun > latency / 2
local sending = longest

socket.sleep(1.5 * latency)

longest = 0
local steps, done = 0, {}
repeat
  for i, job in ipairs(jobs) do done[i] = done[i] or timed("step", job) end
  steps = steps + 1
until done[1] and done[2]
assert(steps <= workload.requests, "an answer was waited for")
local receiving = longest

longest = 0
for _, job in ipairs(jobs) do assert(timed("result", job).failAmount == half, "wrong account") end
print(sending, receiving, longest)
