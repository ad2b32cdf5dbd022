-- CPU of one request, user and system.

local compare = require "spec.bench.compare"
local programs = require "spec.bench.programs"
local show = require "spec.bench.show"

return {
  title = "CPU a request, 100 ids, 2 failures, plain HTTP",
  judged = "/ floor",
  rows = function(bench)
    return compare(bench, {
      { program = programs.handwritten("lua5.4", "luasocket") },
      { program = programs.handwritten("luajit", "binding") },
      { program = programs.geelark "lua5.4", at_most = 1.5 },
      { program = programs.geelark "luajit", at_most = 1.5 },
    }, function(program)
      local load = { refused = "some", requests = 3000 }
      return bench:beyond_ids(bench.cpu, program, load) / load.requests
    end, show.request)
  end,
}
