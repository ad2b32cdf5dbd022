-- What a journal costs: a request with it, as a multiple of two bare fdatasyncs; a million ids put
-- into it, as a multiple of the bare inserts.

local programs = require "spec.bench.programs"
local show = require "spec.bench.show"
local stats = require "spec.bench.stats"

local REQUESTS = 200

local function row(bench, lua, mode, what)
  local program = programs.geelark(lua, mode, "journal.lua")
  local ours, bare = {}, {}
  for i = 1, bench.rounds do
    local output = bench:output(program, { requests = REQUESTS, refused = "none" })
    ours[i], bare[i] = output:match "^(%S+)%s+(%S+)"
    ours[i], bare[i] = tonumber(ours[i]), tonumber(bare[i])
  end
  return { who = what .. ", " .. lua, figure = show.milliseconds(stats.summary(ours).median),
    judged = stats.summary(stats.ratios(ours, bare)), at_most = 2 }
end

return {
  title = "A journal: 200 requests; a million ids planned",
  judged = "/ two fdatasyncs a request; / bare inserts",
  rows = function(bench)
    local rows = {}
    for _, lua in ipairs { "lua5.4", "luajit" } do
      rows[#rows + 1] = row(bench, lua, "request", "requests")
      rows[#rows + 1] = row(bench, lua, "plan", "planning")
    end
    return rows
  end,
}
