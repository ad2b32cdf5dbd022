-- So many specs of three lines, BENCH_REQUESTS of them: each makes a simulated service of 250
-- phones, deletes them, and looks at the result. Prints the seconds that they took.

local geelark = require "geelark"
local simulator = require "geelark.simulator"

local from = os.clock()
for _ = 1, assert(tonumber(os.getenv "BENCH_REQUESTS")) do
  local service = simulator.new { phones = 250, states = { started = 2 } }
  local result = assert(geelark.delete(service:ids(), service:options()))
  assert(result.successAmount == 248)
end
print(os.clock() - from)
