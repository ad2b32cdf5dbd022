-- Whether an id costs the same in a list of a million as in a shorter one. The program itself
-- takes the time that deleting takes: making so many ids takes longer, and varies more. Where
-- the ids are shuffled their strings lie anywhere in the caller's memory; beside them stands what
-- a loop takes that only looks at each.

local programs = require "spec.bench.programs"
local show = require "spec.bench.show"
local stats = require "spec.bench.stats"

local sizes = { 1e4, 1e5, 1e6 }
local base = 2 -- in sizes
local MOST_RUNS = 10

-- A short list is deleted several times, so that all sizes see as much of the machine's moods.
local function seconds_an_id(bench, program, ids)
  local runs, sum = math.min(MOST_RUNS, sizes[#sizes] / ids), 0
  for _ = 1, runs do
    local output = bench:output(program, { refused = "some", requests = ids / 100 })
    sum = sum + tonumber(output:match "^%S+")
  end
  return sum / runs / ids
end

local function rows_of(bench, program, at_most)
  local samples = bench:interleave(sizes, function(ids)
    return seconds_an_id(bench, program, ids)
  end)
  local rows = {}
  for i, ids in ipairs(sizes) do
    rows[i] = { who = ("%s, %d ids"):format(program.name:gsub(", clock", ""), ids),
      figure = show.nanoseconds(stats.summary(samples[i]).min),
      judged = stats.least_against_least(samples[i], samples[base]),
      at_most = i == #sizes and at_most or nil }
  end
  return rows
end

return {
  title = "CPU an id as the list grows, the least of all rounds",
  judged = "/ at 10^5 ids",
  rows = function(bench)
    local rows = {}
    local function add(program, at_most)
      if not bench:wants(program) then return end
      for _, row in ipairs(rows_of(bench, program, at_most)) do rows[#rows + 1] = row end
    end
    for _, lua in ipairs { "lua5.4", "luajit" } do
      add(programs.geelark(lua, "clock"), 1.1)
      add(programs.shuffled(programs.geelark(lua, "clock")))
    end
    add(programs.shuffled(programs.geelark("lua5.4", "look")))
    return rows
  end,
}
