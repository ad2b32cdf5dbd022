-- Time from start to end, beyond starting the program, as answers take longer and more
-- requests are in flight.

local programs = require "spec.bench.programs"
local show = require "spec.bench.show"
local stats = require "spec.bench.stats"

local latencies = { { ms = 0, requests = 512 }, { ms = 50, requests = 64 },
  { ms = 200, requests = 32 } }
local concurrencies = { 1, 4, 16 }

-- Rows of one latency; `ideal` is what the requests take if only the answers take time.
local function rows_of(bench, program, latency)
  local samples = bench:interleave(concurrencies, function(concurrency)
    return bench:beyond_ids(bench.wall, program, { refused = "some", latency = latency.ms,
      requests = latency.requests, concurrency = concurrency })
  end)
  local rows = {}
  for i, concurrency in ipairs(concurrencies) do
    local wall = stats.summary(samples[i])
    local ideal = latency.requests / concurrency * latency.ms / 1000
    rows[#rows + 1] = { figure = show.milliseconds(wall.median),
      who = ("%d requests, %d ms, %d at once")
        :format(latency.requests, latency.ms, concurrency),
      judged = ideal > 0 and stats.scaled(wall, 1 / ideal) or nil }
  end
  return rows, samples
end

return {
  title = "wall time of geelark, lua5.4, by latency and concurrency",
  judged = "/ ideal, or times faster",
  rows = function(bench)
    local all = {}
    for _, latency in ipairs(latencies) do
      local rows, samples = rows_of(bench, programs.geelark "lua5.4", latency)
      for _, row in ipairs(rows) do all[#all + 1] = row end
      if latency.ms > 0 then
        rows[2].at_most = 1.03
        all[#all + 1] = { who = ("%d ms, 4 at once against 1"):format(latency.ms),
          judged = stats.summary(stats.ratios(samples[1], samples[2])), at_least = 3.9 }
      end
    end
    return all
  end,
}
