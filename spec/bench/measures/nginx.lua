-- A worker of nginx, asked for another page while it deletes: 20 jobs of 1,000 ids at once, whose
-- answers take 200 ms each. Beside it the same worker without jobs, and the same jobs outside.
--
-- Jobs of one token share a client, and so its connections. Over plain HTTP these are open
-- before a round begins. Over TLS each round has a token of its own, whose connections read the
-- system's authorities first.

local nginx = require "spec.support.nginx"
local programs = require "spec.bench.programs"
local shell = require "spec.support.shell"
local stats = require "spec.bench.stats"

local AT_ONCE, IDS = 20, 1000
-- Requests in flight, jobs, and so many probes that the jobs take no less time than they do.
local USUAL = { concurrency = 8, jobs = 20, probes = 4000 }
local MOST = { concurrency = 64, jobs = 80, probes = 2000 }

local http = ([[
init_worker_by_lua_block {
  lists = {}
  for n = 1, %d do
    lists[n] = {}
    for i = 1, %d do lists[n][i] = ("528086%%012d"):format((n * %d + i) * 65536) end
  end
}
]]):format(AT_ONCE, IDS, IDS)

local locations = [[
keepalive_requests 1000000;
location = / { return 204; }
location = /probe { content_by_lua_block { ngx.header["Content-Length"] = 3 ngx.say "ok" } }
location = /delete { content_by_lua_block {
  local ids = lists[tonumber(ngx.var.arg_n) %% #lists + 1]
  local result, err = require("geelark.loop.ngx").delete(ids, { token = ngx.var.arg_token,
    base_url = "%s/ms200/some", concurrency = tonumber(ngx.var.arg_c),
    requests_per_minute = false, requests_per_hour = false })
  assert(result, tostring(err))
  ngx.say(result.totalAmount)
} }
]]

-- { p50, p99, max } of the other page, in seconds.
local function probe(worker, load)
  local output = shell.run("BENCH_URL=%s BENCH_REQUESTS=%s lua5.4 spec/bench/clients/probe.lua",
    worker.url .. "/probe", load.probes)
  local p50, p99, max = output:match "(%S+)%s+(%S+)%s+(%S+)"
  return { p50 = tonumber(p50), p99 = tonumber(p99), max = tonumber(max) }
end

-- A command that runs the jobs and prints when it began, their status codes, and when they ended.
local function deletes(worker, load, token)
  return ("date +%%s.%%N; curl -s -Z --parallel-immediate --parallel-max %d -o /dev/null "
    .. "-w '%%{http_code}\n' '%s/delete?token=%s&c=%d&n=[1-%d]' 2>/dev/null; date +%%s.%%N")
    :format(AT_ONCE, worker.url, token, load.concurrency, load.jobs)
end

-- The same while the jobs run, and the seconds that these take.
local function probe_deleting(worker, load, token)
  local jobs = assert(io.popen(deletes(worker, load, token)))
  local times, deleted, from, till = probe(worker, load), 0, jobs:read "*n", nil
  for line in jobs:lines() do
    if line == "200" then deleted = deleted + 1 end
    till = tonumber(line)
  end
  jobs:close()
  if deleted ~= load.jobs then error(("only %d jobs ended well"):format(deleted), 0) end
  return times, till - from
end

local function outside(bench, load)
  local program = programs.geelark("lua5.4", "jobs", "jobs.lua")
  program.environment.BENCH_JOBS = load.jobs
  return tonumber(bench:output(program, { refused = "some", latency = 200,
    requests = load.jobs * IDS / 100, concurrency = load.concurrency }))
end

local function figure(samples)
  local function median(name)
    local list = {}
    for i, sample in ipairs(samples) do list[i] = sample[name] * 1000 end
    return stats.summary(list).median
  end
  return ("%.2f/%.2f/%.1f ms"):format(median "p50", median "p99", median "max")
end

-- What the rounds brought: lists of what `probe` returns, and of numbers.
local function measure(bench, worker, load, token_of)
  local found = { idle = {}, busy = {}, worse = {}, seconds = {} }
  for round = 1, bench.rounds do
    local idle = probe(worker, load)
    local busy, seconds = probe_deleting(worker, load, token_of(round))
    found.idle[round], found.busy[round], found.seconds[round] = idle, busy, seconds
    found.worse[round] = (busy.p99 - idle.p99) * 1000
  end
  return found
end

local function open_connections(worker, load)
  shell.run("sh -c %s >/dev/null", deletes(worker, load, "open"))
  return "open"
end

local function plain_rows(bench, worker)
  local rows = {}
  for _, load in ipairs { USUAL, MOST } do
    local token = open_connections(worker, load)
    local found = measure(bench, worker, load, function() return token end)
    local faster, who = {}, ("jobs, %d in flight"):format(load.concurrency)
    for round, seconds in ipairs(found.seconds) do
      faster[round] = outside(bench, load) / seconds
    end
    rows[#rows + 1] = { who = "no jobs", figure = figure(found.idle) }
    rows[#rows + 1] = { who = who, figure = figure(found.busy),
      judged = stats.summary(found.worse), at_most = 2 }
    rows[#rows + 1] = { who = who .. ": their throughput", judged = stats.summary(faster),
      at_least = 0.9 }
  end
  return rows
end

local function tls_rows(bench, worker)
  local found = measure(bench, worker, USUAL, function(round) return "round-" .. round end)
  return { { who = "jobs, 8 in flight, TLS from cold", figure = figure(found.busy),
    judged = stats.summary(found.worse) } }
end

-- Rows that a worker brings, which asks the bench's server at `base`. A master can't hand a
-- worker to its user where the authorities are mounted for it alone (server:trusting).
local function with_worker(base, environment, rows, bench)
  local worker = nginx.start { http = http, locations = locations:format(base),
    environment = environment, main = "master_process off;" }
  local ran, found = pcall(rows, bench, worker)
  local log = worker:log()
  worker:stop()
  if not ran then error(found, 0) end
  if log ~= "" then error("nginx's log: " .. log, 0) end
  return found
end

return {
  title = "nginx, one worker: another page while 20 jobs of 1,000 ids run, p50/p99/max",
  judged = "p99 worse by ms; jobs outside / inside",
  rows = function(bench)
    local rows = with_worker(bench.server.plain, "", plain_rows, bench)
    local over_tls = with_worker(bench.server.tls, bench.server:trusting(), tls_rows, bench)
    for _, row in ipairs(over_tls) do rows[#rows + 1] = row end
    return rows
  end,
}
