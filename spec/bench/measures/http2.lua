-- Four requests at once over TLS: one connection, by HTTP/2.

local compare = require "spec.bench.compare"
local programs = require "spec.bench.programs"
local show = require "spec.bench.show"
local stats = require "spec.bench.stats"

local load = { refused = "some", requests = 500, concurrency = 4, tls = true }

local function connections(bench, program)
  local before = bench.server:accepted()
  bench:wall(program, load)
  return bench.server:accepted() - before - 1 -- that of the question
end

return {
  title = "a request over TLS, four at once, 100 ids, 2 failures",
  judged = "/ floor, or amount",
  rows = function(bench)
    local ours = programs.geelark "lua5.4"
    local rows = compare(bench, {
      { program = ours, at_most = 1.6 },
      { program = programs.geelark "luajit", at_most = 1.6 },
    }, function(program)
      return bench:per_request(bench.instructions, program, load)
    end, show.instructions)
    for _, program in ipairs { programs.floor, ours } do
      rows[#rows + 1] = { who = program.name .. ": connections", at_most = 1,
        judged = stats.summary { connections(bench, program) } }
    end
    return rows
  end,
}
