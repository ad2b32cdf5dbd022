-- A request whose ids are all refused: a hundred failures to decode and to hand over.

local compare = require "spec.bench.compare"
local programs = require "spec.bench.programs"
local show = require "spec.bench.show"

local function rows_of(bench, measure, display)
  return compare(bench, {
    { program = programs.handwritten("lua5.4", "luasocket") },
    { program = programs.handwritten("luajit", "binding") },
    { program = programs.geelark "lua5.4", at_most = 8 },
    { program = programs.geelark "luajit", at_most = 5 },
  }, measure, display)
end

return {
  title = "a request of 100 ids, 100 failures, plain HTTP",
  judged = "/ floor",
  rows = function(bench)
    local rows = rows_of(bench, function(program)
      local load = { refused = "all", requests = 200 }
      return bench:per_request(bench.instructions, program, load)
    end, show.instructions)
    local times = rows_of(bench, function(program)
      local load = { refused = "all", requests = 1000 }
      return bench:beyond_ids(bench.cpu, program, load) / load.requests
    end, show.request)
    for _, row in ipairs(times) do rows[#rows + 1] = row end
    return rows
  end,
}
