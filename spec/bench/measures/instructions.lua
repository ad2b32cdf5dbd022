-- Instructions of one request: the figure that decides, since it hardly varies.

local compare = require "spec.bench.compare"
local programs = require "spec.bench.programs"
local show = require "spec.bench.show"

return {
  title = "instructions a request, 100 ids, 2 failures, plain HTTP",
  judged = "/ floor",
  rows = function(bench)
    return compare(bench, {
      { program = programs.handwritten("lua5.4", "luasocket") },
      { program = programs.handwritten("luajit", "luasocket") },
      { program = programs.handwritten("luajit", "binding") },
      { program = programs.geelark "lua5.4", at_most = 1.65 },
      { program = programs.geelark "luajit", at_most = 1.60 },
      { program = programs.shuffled(programs.geelark "lua5.4") },
      { program = programs.shuffled(programs.geelark "luajit") },
    }, function(program)
      local load = { refused = "some", requests = 500 }
      return bench:per_request(bench.instructions, program, load)
    end, show.instructions)
  end,
}
