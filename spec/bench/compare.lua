-- Rows of programs side by side with the floor, and with a loop that is written by hand.

local stats = require "spec.bench.stats"
local programs = require "spec.bench.programs"

local function row(who, figure, samples, base, at_most)
  return { who = who, figure = figure, at_most = at_most,
    judged = stats.summary(stats.ratios(samples, base)) }
end

---@class BenchCase
---@field program table
---@field at_most number|nil times the floor
---@field loop table|nil another case's program that this one is judged against, too
---@field at_most_of_loop number|nil times that program

--- Measures the floor and each case in turn and judges the ratios, round by round.
---@param bench table
---@param cases BenchCase[]
---@param measure fun(program): number
---@param show fun(value: number): string
---@return table[] rows for the report
return function(bench, cases, measure, show)
  local chosen = { { program = programs.floor } }
  for _, case in ipairs(cases) do
    if bench:wants(case.program) then chosen[#chosen + 1] = case end
  end
  local samples, of = bench:interleave(chosen, function(case) return measure(case.program) end), {}
  for i, case in ipairs(chosen) do of[case.program.name] = samples[i] end
  local rows = {}
  for i, case in ipairs(chosen) do
    rows[#rows + 1] = row(case.program.name, show(stats.summary(samples[i]).median), samples[i],
      samples[1], case.at_most)
    local loop = case.loop and of[case.loop.name]
    if loop then
      rows[#rows + 1] = row("  against " .. case.loop.name, nil, samples[i], loop,
        case.at_most_of_loop)
    end
  end
  return rows
end
