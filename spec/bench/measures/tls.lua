-- Four requests at once over TLS: by HTTP/1.1, each on a connection of its own that is kept. The
-- floor takes what libcurl takes by itself: HTTP/2, one connection for all.

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
      { program = ours, at_most = 1.8 },
      { program = programs.geelark "luajit", at_most = 1.8 },
    }, function(program)
      return bench:per_request(bench.instructions, program, load)
    end, show.instructions)
    for _, case in ipairs { { programs.floor, 1 }, { ours, load.concurrency } } do
      rows[#rows + 1] = { who = case[1].name .. ": connections", at_most = case[2],
        judged = stats.summary { connections(bench, case[1]) } }
    end
    return rows
  end,
}
