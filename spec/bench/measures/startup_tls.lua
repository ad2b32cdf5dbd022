-- From the start of the process to its end, for one id, over TLS. The floor keeps
-- libcurl's defaults, which read every certificate authority that the system knows.

local compare = require "spec.bench.compare"
local programs = require "spec.bench.programs"
local show = require "spec.bench.show"
local start_to_end = require "spec.bench.start_to_end"

return {
  title = "start to end of a delete of one id, TLS, the system's authorities",
  judged = "/ floor",
  rows = function(bench)
    return compare(bench, {
      { program = programs.geelark "lua5.4", at_most = 1.15 },
      { program = programs.geelark "luajit", at_most = 1.15 },
    }, function(program)
      return start_to_end(bench, program, true)
    end, show.milliseconds)
  end,
}
