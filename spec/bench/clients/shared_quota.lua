-- One of several processes that share a quota: requests of one id each, which are answered after
-- 20 ms, for BENCH_SECONDS. BENCH_STORE is where the quota stands: "sqlite FILE" or "redis PORT".
-- Prints when each request left and when its answer came, by a clock that all processes have.

local core = require "geelark.core"
local geelark = require "geelark"
local socket = require "socket"

local store, place = os.getenv "BENCH_STORE":match "^(%S+) (.*)$"
local limiter
if store == "redis" then
  local connection = require("spec.support.redis").client().connect("127.0.0.1", tonumber(place))
  limiter = geelark.limiter.redis(connection)
else
  limiter = geelark.limiter[store](place)
end

local ids, answer = {}, '{"code":0,"msg":"success","traceId":"","data":{"totalAmount":1,'
  .. '"successAmount":1,"failAmount":0}}'
for i = 1, 1000 do ids[i] = ("528086%012d"):format(i) end

local _, err = geelark.delete(ids, {
  deadline = tonumber(os.getenv "BENCH_SECONDS"),
  token = "token-of-the-bench", chunk_size = 1, limiter = limiter,
  requests_per_minute = false, requests_per_hour = false,
  transport = function()
    local sent = core.now()
    socket.sleep(0.02)
    print(("%.6f %.6f %d"):format(sent, core.now(), os.time()))
    return 200, answer
  end,
})
assert(err.kind == "deadline", err.message)
