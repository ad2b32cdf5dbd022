-- CPU of one request, user and system.

local compare = require "spec.bench.compare"
local programs = require "spec.bench.programs"
local show = require "spec.bench.show"

return {
  title = "CPU a request, 100 ids, 2 failures, plain HTTP",
  judged = "/ floor, or the loop",
  rows = function(bench)
    local loops = programs.loops()
    return compare(bench, {
      { program = programs.handwritten("lua5.4", "luasocket") },
      { program = loops["lua5.4"] },
      { program = loops.luajit },
      { program = programs.geelark "lua5.4", loop = loops["lua5.4"], at_most_of_loop = 1 },
      { program = programs.geelark "luajit", loop = loops.luajit, at_most_of_loop = 1 },
    }, function(program)
      local load = { refused = "some", requests = 3000 }
      return bench:beyond_ids(bench.cpu, program, load) / load.requests
    end, show.request)
  end,
}
