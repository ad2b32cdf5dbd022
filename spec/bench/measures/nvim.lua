-- How long Neovim is held up at most while its command deletes 10,000 phones, as an editor's
-- user would feel it: a timer that is late. Beside it the same timer while nothing is done.

local programs = require "spec.bench.programs"
local stats = require "spec.bench.stats"

-- Two of 100 fail, or all: then the quickfix list has 10,000 entries.
local loads = {
  { refused = "some", requests = 100, concurrency = 2 },
  { refused = "all", requests = 100, concurrency = 2 },
}

local names = { some = "2 of 100 fail", all = "all fail" }

return {
  title = "Neovim, a timer of 10 ms while 10,000 are deleted",
  judged = "late by ms at most",
  rows = function(bench)
    local program, idle = programs.neovim "nvim.lua", {}
    local samples = bench:interleave(loads, function(load)
      local still, deleting = bench:output(program, load):match "(%S+) (%S+)"
      idle[#idle + 1] = tonumber(still)
      return tonumber(deleting)
    end)
    local rows = { { who = "nothing is done", judged = stats.summary(idle) } }
    for i, load in ipairs(loads) do
      rows[#rows + 1] = { who = names[load.refused], judged = stats.summary(samples[i]),
        at_most = 20 }
    end
    return rows
  end,
}
