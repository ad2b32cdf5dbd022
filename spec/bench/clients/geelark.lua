-- Ours. BENCH_MODE says how: "delete" blocks, "job" steps a job to its end, "key" signs
-- each request instead of sending a token, "idle" steps a job BENCH_STEPS times while its
-- only request waits for an answer, "clock" prints the seconds of CPU that deleting took, "look"
-- those that it takes to look at each id and delete nothing.

local geelark = require "geelark"
local workload = require "spec.bench.clients.workload"

local mode = assert(os.getenv "BENCH_MODE")
local options = {
  base_url = workload.url,
  concurrency = workload.concurrency,
  chunk_size = workload.chunk,
  connect_timeout = 600, timeout = 600, -- counted by callgrind, a handshake takes seconds
  requests_per_minute = false,
  requests_per_hour = false,
}
if mode == "key" then
  options.app_id, options.api_key = "app-of-the-bench", "key-of-the-bench"
else
  options.token = "token-of-the-bench"
end

local function check(result, err)
  assert(result, err)
  workload.check(result.successAmount, result.failDetails)
end

local function finish(job)
  while not job:step(1) do end -- luacheck: ignore 542
  check(job:result())
end

-- Ends at once, without waiting for the answer that is on its way.
local function idle(job)
  for _ = 1, assert(tonumber(os.getenv "BENCH_STEPS")) do job:step() end
  assert(not job:step() and job:progress().inFlight == 1, "the job was not idle")
  os.exit(0, false)
end

if mode == "idle" then
  idle(geelark.start(workload.ids, options))
elseif mode == "job" then
  finish(geelark.start(workload.ids, options))
elseif mode == "look" then
  local from, sum = os.clock(), 0
  for _, id in ipairs(workload.ids) do sum = sum + id:byte(-1) end
  print(os.clock() - from, sum)
elseif mode == "clock" then
  collectgarbage() -- what the list itself left behind is not deleting's matter
  local from = os.clock()
  check(geelark.delete(workload.ids, options))
  print(os.clock() - from)
else
  check(geelark.delete(workload.ids, options))
end
