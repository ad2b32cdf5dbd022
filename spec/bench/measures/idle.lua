-- One step of a job that has nothing to do: its only request waits for an answer.

local programs = require "spec.bench.programs"
local show = require "spec.bench.show"
local stats = require "spec.bench.stats"

local load = { refused = "none", requests = 1, latency = 60000, steps = 20000 }

return {
  title = "one idle step of a job",
  judged = "us",
  rows = function(bench)
    local cases = {
      programs.geelark("lua5.4", "idle"),
      programs.geelark("luajit", "idle"),
    }
    local function per_step(cost)
      return bench:interleave(cases, function(program)
        return bench:per_step(cost, program, load)
      end)
    end
    local instructions, seconds = per_step(bench.instructions), per_step(bench.cpu)
    local rows = {}
    for i, program in ipairs(cases) do
      rows[i] = { who = program.name, judged = stats.scaled(stats.summary(seconds[i]), 1e6),
        figure = show.instructions(stats.summary(instructions[i]).median), at_most = 20 }
    end
    return rows
  end,
}
