-- What key verification costs beyond a token: a signature for each request.

local programs = require "spec.bench.programs"
local show = require "spec.bench.show"
local stats = require "spec.bench.stats"

local load = { refused = "some", requests = 500 }

return {
  title = "instructions a request, signed against with a token",
  judged = "/ with a token",
  rows = function(bench)
    local cases = { programs.geelark "lua5.4", programs.geelark("lua5.4", "key") }
    local samples = bench:interleave(cases, function(program)
      return bench:per_request(bench.instructions, program, load)
    end)
    local rows = {}
    for i, program in ipairs(cases) do
      rows[i] = { who = program.name,
        figure = show.instructions(stats.summary(samples[i]).median),
        judged = stats.summary(stats.ratios(samples[i], samples[1])) }
    end
    return rows
  end,
}
