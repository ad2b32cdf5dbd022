-- Rows of programs side by side with the floor.

local stats = require "spec.bench.stats"
local programs = require "spec.bench.programs"

--- Measures the floor and each case in turn and judges the ratios, round by round.
---@param bench table
---@param cases { program: table, at_most: number? }[]
---@param measure fun(program): number
---@param show fun(value: number): string
---@return table[] rows for the report
return function(bench, cases, measure, show)
  local chosen = { { program = programs.floor } }
  for _, case in ipairs(cases) do
    if bench:wants(case.program) then chosen[#chosen + 1] = case end
  end
  local samples = bench:interleave(chosen, function(case)
    return measure(case.program)
  end)
  local rows = {}
  for i, case in ipairs(chosen) do
    rows[i] = { who = case.program.name, figure = show(stats.summary(samples[i]).median),
      judged = stats.summary(stats.ratios(samples[i], samples[1])),
      at_most = case.at_most }
  end
  return rows
end
