-- Runs the deterministic simulation: lua spec/simulation.lua SEEDS [FIRST]
-- A finding is printed as one line that reproduces it, and ends the run with status 1.

local run = require "spec.support.simulation.run"

local amount, first = tonumber(arg[1]) or 1000, tonumber(arg[2]) or 1

local function tell(seed, finding)
  print(("seed %d: %s -- make simulate SEEDS='1 %d'"):format(seed, tostring(finding), seed))
  os.exit(1)
end

local began = os.clock()
for seed = first, first + amount - 1 do
  local ok, finding = pcall(run, seed, function(finding) tell(seed, finding) end)
  if not ok or finding then tell(seed, finding) end
end
print(("%d seeds, no finding, %.1f s of CPU"):format(amount, os.clock() - began))
