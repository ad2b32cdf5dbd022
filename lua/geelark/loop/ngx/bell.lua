-- What wakes the light thread that steps a worker's jobs. nginx watches the sockets that it
-- opened and nothing else; so a thread waits for the jobs' descriptors and writes a byte to a
-- unix socket that a cosocket reads (src/waker.h). Where that can't be had, it goes by time.

local core = require "geelark.core"

-- Seconds between two looks without the thread: while something is in flight, and at most.
local BLIND, BLIND_MOST = 0.002, 0.05
local READ_MS, OTHER_MS = 24 * 3600 * 1000, 5000 -- the thread keeps the time

local bell = {}
bell.__index = bell

local told = false

-- Once; and not where nginx itself closes sockets, for worker_shutdown_timeout.
local function tell(why)
  if told or ngx.worker.exiting() then return end
  told = true
  ngx.log(ngx.WARN, "geelark: no thread to wait in, jobs are stepped every 2 ms: ", why)
end

local function connect(path)
  local socket = ngx.socket.tcp()
  socket:settimeouts(OTHER_MS, OTHER_MS, READ_MS)
  local connected, why = socket:connect("unix:" .. path)
  return connected and socket, why
end

--- A bell in the context of the light thread that calls; only that one may wait for it.
function bell.hang()
  local self = setmetatable({ fds = {} }, bell)
  local waker, path = core.waker()
  local why = path
  if waker then self.socket, why = connect(path) end
  if self.socket then self.waker = waker
  else tell(why) end
  return self
end

--- Watches a job that has been stepped, until `forget`.
function bell:watch(job)
  if not self.waker or self.fds[job] then return end
  local fd = job:pollfd()
  self.fds[job] = fd
  if fd and not self.waker:watch(fd) then self.blind = true end
end

function bell:forget(job)
  local fd = self.fds[job]
  if fd and self.waker then self.waker:forget(fd) end
  self.fds[job] = nil
end

--- Ends the present wait, or the next one.
function bell:ring()
  if self.waker then self.waker:wake() end
end

-- Waits in the thread; returns nil and why where there is none any more.
local function wait_in_thread(self, seconds)
  local sent, why = self.socket:send(math.ceil(seconds * 1000) .. "\n")
  if not sent then return nil, why end
  local byte
  byte, why = self.socket:receive(1)
  if byte then self.waker:calm() end
  return byte, why
end

--- Waits for a job's descriptor, for `ring`, or for so many seconds.
function bell:wait(seconds)
  if self.blind then seconds = math.min(seconds, BLIND) end
  if self.socket then
    local waited, why = wait_in_thread(self, seconds)
    if waited then return end
    self:close()
    self.blind = true
    return tell(why)
  end
  ngx.sleep(math.max(BLIND, math.min(seconds, BLIND_MOST)))
end

function bell:close()
  if self.socket then self.socket:close() end
  if self.waker then self.waker:close() end
  self.socket, self.waker = nil, nil
end

return bell
