-- What a thousand specs with the simulator within the process take.

local programs = require "spec.bench.programs"
local stats = require "spec.bench.stats"

local SPECS = 1000

return {
  title = "1,000 specs by simulator.new, 250 phones each",
  judged = "seconds",
  rows = function(bench)
    local cases = { programs.geelark("lua5.4", "specs", "specs.lua"),
      programs.geelark("luajit", "specs", "specs.lua") }
    local samples = bench:interleave(cases, function(program)
      return tonumber(bench:output(program, { requests = SPECS, refused = "none" }):match "^%S+")
    end)
    local rows = {}
    for i, program in ipairs(cases) do
      rows[i] = { who = program.name, judged = stats.summary(samples[i]), at_most = 2 }
    end
    return rows
  end,
}
