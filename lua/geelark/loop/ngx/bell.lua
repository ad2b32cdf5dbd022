-- What wakes the light thread that steps a worker's jobs. nginx watches the sockets that it
-- opened and nothing else; so a thread waits for the jobs' descriptors and writes a byte to a
-- unix socket that a cosocket reads (src/waker.h). Where that can't be had, it goes by time.

local core = require "geelark.core"

local SECONDS_BLIND = 0.002
local READ_MS, OTHER_MS = 24 * 3600 * 1000, 5000 -- the thread keeps the time

local bell = {}
bell.__index = bell

local function connect(path)
  local socket = ngx.socket.tcp()
  socket:settimeouts(OTHER_MS, OTHER_MS, READ_MS)
  local connected, why = socket:connect("unix:" .. path)
  return connected and socket, why
end

--- A bell in the context of the light thread that calls; only that one may wait for it.
function bell.hang()
  local self = setmetatable({}, bell)
  local waker, path = core.waker()
  local why = path
  if waker then self.socket, why = connect(path) end
  if self.socket then self.waker = waker
  else ngx.log(ngx.WARN, "geelark: no thread to wait in, jobs are stepped every 2 ms: ", why) end
  return self
end

--- Watches a job that has been stepped; returns what `forget` needs.
function bell:watch(job)
  local fd = self.waker and job:pollfd()
  if fd and not self.waker:watch(fd) then self.blind = true end
  return fd
end

function bell:forget(fd)
  if self.waker and fd then self.waker:forget(fd) end
end

--- Ends the present wait, or the next one.
function bell:ring()
  if self.waker then self.waker:wake() end
end

--- Waits for a job's descriptor, for `ring`, or for so many seconds.
function bell:wait(seconds)
  if self.blind then seconds = math.min(seconds, SECONDS_BLIND) end
  if self.socket then
    local sent = self.socket:send(math.ceil(seconds * 1000) .. "\n")
    if sent and self.socket:receive(1) then return self.waker:calm() end
    self.socket, self.blind = nil, true
  end
  ngx.sleep(math.max(SECONDS_BLIND, math.min(seconds, SECONDS_BLIND)))
end

function bell:close()
  if self.socket then self.socket:close() end
end

return bell
