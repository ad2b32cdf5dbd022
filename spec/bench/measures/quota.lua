-- How close to the documented quota a job runs, in virtual time.

local programs = require "spec.bench.programs"
local stats = require "spec.bench.stats"

return {
  title = "1,000 requests at 200 a minute, virtual time",
  judged = "/ documented minimum",
  rows = function(bench)
    local program = programs.geelark("lua5.4", "quota", "quota.lua")
    local output = bench:output(program, { refused = "none", requests = 1000 })
    local taken, least = output:match "^(%S+)%s+(%S+)$"
    return { { who = program.name, figure = ("%.1f s"):format(taken),
      judged = stats.summary { taken / least }, at_most = 1.005 } }
  end,
}
