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

return stats
