-- Instructions of one request: the figure that decides, since it hardly varies.

local compare = require "spec.bench.compare"
local programs = require "spec.bench.programs"
local show = require "spec.bench.show"

return {
  title = "instructions a request, 100 ids, 2 failures, plain HTTP",
  judged = "/ floor, or the loop",
  rows = function(bench)
    local loops = programs.loops()
    return compare(bench, {
      { program = programs.handwritten("lua5.4", "luasocket") },
      { program = programs.handwritten("luajit", "luasocket") },
      { program = loops["lua5.4"] },
      { program = loops.luajit },
      { program = programs.geelark "lua5.4", at_most = 2.5, loop = loops["lua5.4"],
        at_most_of_loop = 1 },
      { program = programs.geelark "luajit", at_most = 2.2, loop = loops.luajit,
        at_most_of_loop = 1 },
      { program = programs.shuffled(programs.geelark "lua5.4") },
      { program = programs.shuffled(programs.geelark "luajit") },
    }, function(program)
      local load = { refused = "some", requests = 500 }
      return bench:per_request(bench.instructions, program, load)
    end, show.instructions)
  end,
}
