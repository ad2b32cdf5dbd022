-- Asks one page BENCH_REQUESTS times over one connection, a millisecond apart, and prints the
-- median, the 99th hundredth and the longest time to its answer, in seconds. A request that a
-- late answer held up counts from when it was due.

local APART = 0.001 -- seconds; the pace: nothing is waited for

local socket = require "socket"

local host, port, path = assert(os.getenv "BENCH_URL"):match "^http://([^:/]+):(%d+)(/.*)$"
local request = ("GET %s HTTP/1.1\r\nHost: bench\r\n\r\n"):format(path)
local connection = assert(socket.connect(host, tonumber(port)))
connection:setoption("tcp-nodelay", true)

local function read_answer()
  local length
  repeat
    local line = assert(connection:receive "*l")
    length = line:lower():match "^content%-length: (%d+)" or length
  until line == ""
  assert(connection:receive(tonumber(length)))
end

local times = {}
local started = socket.gettime()
for i = 1, assert(tonumber(os.getenv "BENCH_REQUESTS")) do
  local from, due = socket.gettime(), started + i * APART
  if from < due then
    socket.sleep(due - from)
    from = socket.gettime()
  else
    from = due
  end
  assert(connection:send(request))
  read_answer()
  times[i] = socket.gettime() - from
end

table.sort(times)
print(times[math.ceil(#times / 2)], times[math.ceil(#times * 0.99)], times[#times])
