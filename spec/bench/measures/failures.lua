-- A request whose ids are all refused: a hundred failures to decode and to hand over.

local compare = require "spec.bench.compare"
local programs = require "spec.bench.programs"
local show = require "spec.bench.show"

local loops = programs.loops()

-- One of ours; its instructions are judged against the floor, its CPU against the loop.
local function ours(lua, at_most, at_most_of_loop)
  return { program = programs.geelark(lua), at_most = at_most,
    loop = at_most_of_loop and loops[lua], at_most_of_loop = at_most_of_loop }
end

local function rows_of(bench, mine, measure, display)
  return compare(bench, {
    { program = programs.handwritten("lua5.4", "luasocket") },
    { program = loops["lua5.4"] },
    { program = loops.luajit },
    mine[1], mine[2],
  }, measure, display)
end

return {
  title = "a request of 100 ids, 100 failures, plain HTTP",
  judged = "/ floor, or the loop",
  rows = function(bench)
    local rows = rows_of(bench, { ours("lua5.4", 15.5), ours("luajit", 12.5) }, function(program)
      local load = { refused = "all", requests = 200 }
      return bench:per_request(bench.instructions, program, load)
    end, show.instructions)
    local times = rows_of(bench, { ours("lua5.4", nil, 1.2), ours("luajit", nil, 1.2) },
      function(program)
        local load = { refused = "all", requests = 1000 }
        return bench:beyond_ids(bench.cpu, program, load) / load.requests
      end, show.request)
    for _, row in ipairs(times) do rows[#rows + 1] = row end
    return rows
  end,
}
