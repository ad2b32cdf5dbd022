-- From the start of the process to its end, for one id, over plain HTTP. Beside it what the
-- interpreters take that have nothing to do: whoever calls from Lua takes that besides.

local compare = require "spec.bench.compare"
local programs = require "spec.bench.programs"
local show = require "spec.bench.show"
local start_to_end = require "spec.bench.start_to_end"

local function empty(lua)
  return { name = "an empty script, " .. lua, command = lua .. " -e ''" }
end

return {
  title = "start to end of a delete of one id, plain HTTP",
  judged = "/ floor",
  rows = function(bench)
    return compare(bench, {
      { program = empty "lua5.4" },
      { program = empty "luajit" },
      { program = programs.handwritten("lua5.4", "luasocket") },
      { program = programs.geelark "lua5.4", at_most = 1.15 },
      { program = programs.geelark "luajit", at_most = 1.15 },
    }, function(program)
      return start_to_end(bench, program, false)
    end, show.milliseconds)
  end,
}
