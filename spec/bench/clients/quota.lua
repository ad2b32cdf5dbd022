-- Ours against a service that answers at once, in virtual time: prints the seconds that
-- BENCH_REQUESTS take, and that the documented quota makes them take at the least.

local geelark = require "geelark"
local workload = require "spec.bench.clients.workload"

local now = 0
local started_after
local answer = '{"code":0,"msg":"success","traceId":"","data":{"totalAmount":%d,'
  .. '"successAmount":%d,"failAmount":0}}'

local result = assert(geelark.delete(workload.ids, {
  token = "token-of-the-bench",
  chunk_size = workload.chunk,
  clock = {
    now = function() return now end,
    sleep = function(seconds) now = now + seconds end,
    seed = 1,
  },
  transport = function(request)
    started_after = now
    return 200, answer:format(#request.ids, #request.ids)
  end,
}))
workload.check(result.successAmount, result.failDetails)
print(started_after, math.floor((workload.requests - 1) / 200) * 60)
