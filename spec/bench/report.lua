-- Prints a measure's rows: who, the figure itself, what is judged of it (median and
-- spread, as a rule the ratio to the floor), the target, and whether the median holds it.

local layout = "  %-44s %21s  %-22s %-8s %s\n"

local function spread(judged)
  local digits = judged.median < 20 and "%.3f" or "%.1f"
  return ((digits .. " (" .. digits .. "-" .. digits .. ")")
    :format(judged.median, judged.min, judged.max))
end

local function target_of(row)
  local median, most, least = row.judged and row.judged.median, row.at_most, row.at_least
  if most then return "<= " .. most, median <= most and "holds" or "MISSED" end
  if least then return ">= " .. least, median >= least and "holds" or "MISSED" end
  return "", ""
end

---@class BenchRow
---@field who string
---@field figure? string
---@field judged? { median: number, min: number, max: number }
---@field at_most? number
---@field at_least? number

---@param name string
---@param measure { title: string, judged: string }
---@param rows BenchRow[]
return function(name, measure, rows)
  io.write(("\n%s: %s\n"):format(name, measure.title))
  io.write(layout:format("", "", measure.judged, "target", ""))
  for _, row in ipairs(rows) do
    local target, holds = target_of(row)
    local line = layout:format(row.who, row.figure or "",
      row.judged and spread(row.judged) or "", target, holds)
    io.write((line:gsub("%s+\n$", "\n")))
  end
  io.flush()
end
