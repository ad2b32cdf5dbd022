-- What is said of repeated measurements: a median with its spread, and ratios round by
-- round.

local stats = {}

---@param samples number[]
---@return { median: number, min: number, max: number }
function stats.summary(samples)
  local sorted = {}
  for i, sample in ipairs(samples) do sorted[i] = sample end
  table.sort(sorted)
  local middle = (#sorted + 1) / 2
  local median = (sorted[math.floor(middle)] + sorted[math.ceil(middle)]) / 2
  return { median = median, min = sorted[1], max = sorted[#sorted] }
end

--- A summary of the same samples, each times a factor.
---@param summary { median: number, min: number, max: number }
---@param factor number
---@return { median: number, min: number, max: number }
function stats.scaled(summary, factor)
  return { median = summary.median * factor, min = summary.min * factor,
    max = summary.max * factor }
end

--- Each sample against the one of the same round.
---@param samples number[]
---@param base number[]
---@return number[]
function stats.ratios(samples, base)
  local ratios = {}
  for i, sample in ipairs(samples) do ratios[i] = sample / base[i] end
  return ratios
end

--- The least sample against the least of the base: what disturbs a program only ever adds to its
--- time, and on a shared machine it adds more than what is to be told apart. The spread is that of
--- the ratios round by round.
---@param samples number[]
---@param base number[]
---@return { median: number, min: number, max: number }
function stats.least_against_least(samples, base)
  local spread = stats.summary(stats.ratios(samples, base))
  return { median = stats.summary(samples).min / stats.summary(base).min, min = spread.min,
    max = spread.max }
end

return stats
