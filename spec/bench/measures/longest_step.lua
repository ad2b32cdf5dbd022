-- How long a host is held up at most by one step, while 100 answers with 100 failures each
-- arrive at once: 50 for each of two jobs, since a job has at most 64 requests in flight.

local programs = require "spec.bench.programs"
local show = require "spec.bench.show"
local stats = require "spec.bench.stats"

local load = { refused = "all", requests = 100, concurrency = 50, latency = 1000 }

local function measured(bench, program)
  local sending, receiving, result = bench:output(program, load):match "(%S+)%s+(%S+)%s+(%S+)"
  return { sending = tonumber(sending), receiving = tonumber(receiving),
    result = tonumber(result) }
end

-- Milliseconds of one part in every round.
local function part(samples, name)
  local list = {}
  for i, sample in ipairs(samples) do list[i] = sample[name] * 1000 end
  return stats.summary(list)
end

return {
  title = "the longest step, 100 answers with 100 failures each at once",
  judged = "ms",
  rows = function(bench)
    local cases = {
      programs.geelark("lua5.4", "longest step", "longest_step.lua"),
      programs.geelark("luajit", "longest step", "longest_step.lua"),
    }
    local samples = bench:interleave(cases, function(program) return measured(bench, program) end)
    local rows = {}
    for i, program in ipairs(cases) do
      local receiving = part(samples[i], "receiving")
      rows[#rows + 1] = { who = program.name, figure = show.milliseconds(receiving.median / 1000),
        judged = receiving, at_most = 5 }
      rows[#rows + 1] = { who = "  sending 50 requests", judged = part(samples[i], "sending") }
      rows[#rows + 1] = { who = "  job:result(), 5,000 failures",
        judged = part(samples[i], "result") }
    end
    return rows
  end,
}
