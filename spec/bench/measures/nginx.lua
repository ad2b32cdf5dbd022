-- A worker of nginx, asked for another page while it deletes: 20 jobs of 1,000 ids, whose
-- answers take 200 ms each. Beside it the same worker without jobs, and the same jobs outside.

local nginx = require "spec.support.nginx"
local programs = require "spec.bench.programs"
local shell = require "spec.bench.shell"
local stats = require "spec.bench.stats"

local JOBS, IDS, CONCURRENCY, PROBES = 20, 1000, 8, 2000

local locations = [[
location = / { return 204; }
location = /probe { content_by_lua_block { ngx.header["Content-Length"] = 3 ngx.say "ok" } }
location = /delete { content_by_lua_block {
  local ids, n = {}, tonumber(ngx.var.arg_n)
  for i = 1, %d do ids[i] = ("528086%%012d"):format((n * %d + i) * 65536) end
  local result, err = require("geelark.loop.ngx").delete(ids, { token = "token-of-the-bench",
    base_url = "%s/ms200/some", concurrency = %d, requests_per_minute = false,
    requests_per_hour = false })
  assert(result, tostring(err))
  ngx.say(result.totalAmount)
} }
]]

-- { p50, p99, max } of the other page, in seconds.
local function probe(worker)
  local output = shell.run("BENCH_URL=%s BENCH_REQUESTS=%s lua5.4 spec/bench/clients/probe.lua",
    worker.url .. "/probe", PROBES)
  local p50, p99, max = output:match "(%S+)%s+(%S+)%s+(%S+)"
  return { p50 = tonumber(p50), p99 = tonumber(p99), max = tonumber(max) }
end

-- The same while the jobs run, and the seconds that these take.
local function probe_deleting(worker)
  local deletes = assert(io.popen(("curl -s -Z --parallel-immediate --parallel-max %d -o /dev/null "
    .. "-w '%%{time_total}\n' '%s/delete?n=[1-%d]'"):format(JOBS, worker.url, JOBS)))
  local times, longest = probe(worker), 0
  for line in deletes:lines() do longest = math.max(longest, tonumber(line)) end
  deletes:close()
  return times, longest
end

local function outside(bench)
  local program = programs.geelark("lua5.4", "jobs", "jobs.lua")
  program.environment.BENCH_JOBS = JOBS
  return tonumber(bench:output(program, { refused = "some", latency = 200,
    requests = JOBS * IDS / 100, concurrency = CONCURRENCY }))
end

local function figure(samples)
  local function median(name)
    local list = {}
    for i, sample in ipairs(samples) do list[i] = sample[name] * 1000 end
    return stats.summary(list).median
  end
  return ("%.2f/%.2f/%.1f ms"):format(median "p50", median "p99", median "max")
end

return {
  title = "nginx, one worker: another page while 20 jobs of 1,000 ids run, p50/p99/max",
  judged = "p99 worse by ms; jobs outside / inside",
  rows = function(bench)
    local worker = nginx.start {
      locations = locations:format(IDS, IDS, bench.server.plain, CONCURRENCY) }
    local idle, busy, worse, faster = {}, {}, {}, {}
    for round = 1, bench.rounds do
      local seconds
      idle[round] = probe(worker)
      busy[round], seconds = probe_deleting(worker)
      worse[round] = (busy[round].p99 - idle[round].p99) * 1000
      faster[round] = outside(bench) / seconds
    end
    local log = worker:log()
    worker:stop()
    if log ~= "" then error("nginx's log: " .. log, 0) end
    return {
      { who = "without jobs", figure = figure(idle) },
      { who = "with jobs", figure = figure(busy), judged = stats.summary(worse), at_most = 2 },
      { who = "the jobs' throughput", judged = stats.summary(faster), at_least = 0.9 },
    }
  end,
}
