-- What every measure is handed: the server, and ways to find what a program costs on a
-- load. Server and programs share one core: on two, waking an idle one makes times vary
-- fourfold.
--
-- A load is a table: `refused` ("none", "some" or "all" of the ids of a request),
-- `requests`, and where it matters `spare` (requests' worth of ids that are made, not
-- sent), `chunk` (ids a request, 100), `concurrency` (1), `latency` (ms, 0), `tls`
-- (false), `steps`.

local programs = require "spec.bench.programs"
local server = require "spec.bench.server"
local shell = require "spec.support.shell"

local refusals = { none = 0, some = 2, all = 100 }

local bench = {}
bench.__index = bench

local function first_allowed_core()
  local file = assert(io.open "/proc/self/status")
  local core = file:read "*a":match "Cpus_allowed_list:%s*(%d+)"
  file:close()
  return tonumber(core)
end

--- Builds the programs and starts the server.
---@param rounds integer how often each measurement is repeated
---@param wanted string a Lua pattern: which programs to run beside the floor
function bench.open(rounds, wanted)
  programs.build()
  local core = first_allowed_core()
  return setmetatable({ rounds = rounds, wanted = wanted, core = core,
    server = server.start(core) }, bench)
end

function bench:close()
  self.server:stop()
end

local function url(self, load)
  local base = load.tls and self.server.tls or self.server.plain
  return ("%s/ms%d/%s"):format(base, load.latency or 0, load.refused)
end

-- The command line that runs a program on a load, under `tool` (a command that runs
-- another).
local function command_line(self, program, load, tool)
  local words = { "env" }
  local function set(name, value)
    words[#words + 1] = name .. "=" .. shell.quote(value)
  end
  set("BENCH_URL", url(self, load))
  set("BENCH_REFUSED", refusals[load.refused])
  set("BENCH_REQUESTS", load.requests)
  set("BENCH_SPARE", load.spare or 0)
  set("BENCH_CHUNK", load.chunk or 100)
  set("BENCH_CONCURRENCY", load.concurrency or 1)
  set("BENCH_STEPS", load.steps or 0)
  for name, value in pairs(program.environment or {}) do set(name, value) end
  if load.tls then words[#words + 1] = self.server:trusting() end
  words[#words + 1] = "taskset -c " .. self.core
  words[#words + 1] = tool
  words[#words + 1] = program.command
  return table.concat(words, " ")
end

--- What a program prints.
---@return string
function bench:output(program, load)
  return shell.run(command_line(self, program, load, ""))
end

--- Seconds from start to end, seconds of CPU, peak of resident memory in bytes.
---@return { wall: number, cpu: number, peak: number }
function bench:usage(program, load)
  local output = shell.run(command_line(self, program, load, programs.rusage))
  local wall, cpu, peak = output:match "^(%S+) (%S+) (%d+)$"
  return { wall = tonumber(wall), cpu = tonumber(cpu), peak = tonumber(peak) * 1024 }
end

--- Instructions that a program executes in user space, by callgrind.
---@return number
function bench:instructions(program, load)
  local file = self.server.directory .. "/callgrind.out"
  shell.run(command_line(self, program, load,
    "valgrind -q --tool=callgrind --callgrind-out-file=" .. file))
  return tonumber(shell.run("sed -n 's/^summary: //p' %s", file))
end

--- Seconds of CPU that a program takes.
---@return number
function bench:cpu(program, load)
  return self:usage(program, load).cpu
end

--- Seconds from a program's start to its end.
---@return number
function bench:wall(program, load)
  return self:usage(program, load).wall
end

--- The peak of a program's resident memory, in bytes.
---@return number
function bench:peak(program, load)
  return self:usage(program, load).peak
end

local function with(load, changes)
  local copy = {}
  for name, value in pairs(load) do copy[name] = value end
  for name, value in pairs(changes) do copy[name] = value end
  return copy
end

--- What one request more costs: twice the load less the load itself, both with as many
--- ids.
---@param cost fun(bench, program, load): number
---@return number
function bench:per_request(cost, program, load)
  local twice = with(load, { requests = 2 * load.requests, spare = 0 })
  local once = with(load, { spare = load.requests })
  return (cost(self, program, twice) - cost(self, program, once)) / load.requests
end

--- What one step more costs: twice as many steps less as many as the load says.
---@param cost fun(bench, program, load): number
---@return number
function bench:per_step(cost, program, load)
  local twice = with(load, { steps = 2 * load.steps })
  return (cost(self, program, twice) - cost(self, program, load)) / load.steps
end

--- What a load costs beyond starting and making its ids.
---@param cost fun(bench, program, load): number
---@return number
function bench:beyond_ids(cost, program, load)
  local idle = with(load, { requests = 0, spare = load.requests })
  return cost(self, program, load) - cost(self, program, idle)
end

--- Whether this run is about a program.
---@return boolean
function bench:wants(program)
  return program.name:find(self.wanted) ~= nil
end

--- Measures each case once a round, in turn, so that a disturbance meets all alike.
---@param cases any[]
---@param measure fun(case): number
---@return number[][] samples of each case
function bench:interleave(cases, measure)
  local samples = {}
  for i = 1, #cases do samples[i] = {} end
  for round = 1, self.rounds do
    for i, case in ipairs(cases) do samples[i][round] = measure(case) end
  end
  return samples
end

return bench
