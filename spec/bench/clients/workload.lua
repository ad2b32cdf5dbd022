-- What a client has to do, from the environment: BENCH_URL, BENCH_REQUESTS of BENCH_CHUNK
-- ids each, BENCH_CONCURRENCY at once. The ids of BENCH_SPARE requests more are made and
-- not used, so that two runs whose sums agree differ in their requests alone. The ids rise,
-- unless BENCH_SHUFFLED is set.
-- BENCH_REFUSED is how many ids of each request must come back as failures: a client that
-- lost count is no yardstick.

local function number(name)
  return assert(tonumber(os.getenv(name)), name .. " is no number")
end

-- 18 digits, as the service's, put together so that no double has to hold them.
local function make_ids(first, amount)
  local ids = {}
  for i = 1, amount do
    ids[i] = ("528086%012d"):format(321789535232 + (first + i) * 65536)
  end
  return ids
end

-- The same ids in an order of no meaning (a multiplicative generator of full period decides).
local function shuffle(ids)
  local state = 1
  for i = #ids, 2, -1 do
    state = state * 16807 % 2147483647
    local j = state % i + 1
    ids[i], ids[j] = ids[j], ids[i]
  end
end

local requests, chunk = number "BENCH_REQUESTS", number "BENCH_CHUNK"
local amount = requests * chunk

local workload = {
  url = assert(os.getenv "BENCH_URL"),
  requests = requests,
  chunk = chunk,
  concurrency = number "BENCH_CONCURRENCY",
  ids = make_ids(0, amount),
  spare = make_ids(amount, number "BENCH_SPARE" * chunk),
}

if os.getenv "BENCH_SHUFFLED" then
  shuffle(workload.ids)
  shuffle(workload.spare) -- so that shuffling costs the same however many are sent
end

--- Raises unless the account is the one that the server gave.
function workload.check(successes, failures)
  local refused = requests * math.min(number "BENCH_REFUSED", chunk)
  assert(successes == amount - refused and #failures == refused, "wrong account")
end

return workload
