-- Peak of resident memory beyond what the caller's own list of a million ids takes.

local programs = require "spec.bench.programs"
local stats = require "spec.bench.stats"

local ids = 1e6

return {
  title = "peak memory beyond the caller's list, 10^6 ids, all deleted",
  judged = "bytes an id",
  rows = function(bench)
    local cases = {}
    local function add(program, at_most)
      if bench:wants(program) then
        cases[#cases + 1] = { program = program, at_most = at_most }
      end
    end
    add(programs.handwritten("luajit", "binding"))
    for _, lua in ipairs { "lua5.4", "luajit" } do
      add(programs.geelark(lua), 40)
      add(programs.shuffled(programs.geelark(lua)), 40)
      add(programs.geelark(lua, "job"), 40)
    end
    local samples = bench:interleave(cases, function(case)
      local load = { refused = "none", requests = ids / 100 }
      return bench:beyond_ids(bench.peak, case.program, load)
    end)
    local rows = {}
    for i, case in ipairs(cases) do
      local peak = stats.summary(samples[i])
      rows[i] = { who = case.program.name,
        figure = ("%.1f MiB"):format(peak.median / 2^20),
        judged = stats.scaled(peak, 1 / ids), at_most = case.at_most }
    end
    return rows
  end,
}
