-- Figures as the report prints them.

local show = {}

function show.instructions(amount)
  return ("%.0f instr"):format(amount)
end

function show.milliseconds(seconds)
  return ("%.1f ms"):format(seconds * 1e3)
end

--- A request's time, with each of its hundred ids'.
function show.request(seconds)
  return ("%.1f us, %.0f ns/id"):format(seconds * 1e6, seconds * 1e7)
end

function show.nanoseconds(seconds)
  return ("%.0f ns/id"):format(seconds * 1e9)
end

return show
