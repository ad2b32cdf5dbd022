-- Many jobs of one client, stepped in a plain loop. Prints the seconds that they took.

local geelark = require "geelark"
local workload = require "spec.bench.clients.workload"
local gettime = require("socket").gettime

local client = assert(geelark.new { token = "token-of-the-bench", base_url = workload.url,
  requests_per_minute = false, requests_per_hour = false })
local amount = tonumber(os.getenv "BENCH_JOBS")
local share = #workload.ids / amount

local from, jobs = gettime(), {}
for i = 1, amount do
  local ids = {}
  for j = 1, share do ids[j] = workload.ids[(i - 1) * share + j] end
  jobs[i] = client:start(ids, { concurrency = workload.concurrency })
end
while jobs[1] do
  for i = #jobs, 1, -1 do
    if jobs[i]:step(#jobs == 1 and 1 or 0) then
      assert(jobs[i]:result())
      table.remove(jobs, i)
    end
  end
  if jobs[2] then jobs[1]:step(0.001) end
end
print(gettime() - from)
