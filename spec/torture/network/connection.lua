-- One connection as a server that misbehaves sees it: bytes in, bytes out, and the ways to end it.
-- Knows nothing of HTTP.

local luasocket = require "socket" -- Debian: lua-socket

local PIECE, PATIENCE = 65536, 30 -- bytes at once, and seconds for what a sound client does at once

local Connection = {}
Connection.__index = Connection

-- Waits for more bytes. False: the other side has ended the connection.
function Connection:more()
  if self.ended then return false end
  local bytes = self.socket:xread(-PIECE, "b", PATIENCE)
  self.buffer = self.buffer .. (bytes or "")
  return bytes ~= nil and bytes ~= ""
end

-- Waits for the first byte of what comes next.
function Connection:wait()
  return self.buffer ~= "" or self:more()
end

-- The next `amount` bytes, fewer where the connection ends before.
function Connection:take(amount)
  while #self.buffer < amount and self:more() do end
  local taken = self.buffer:sub(1, amount)
  self.buffer = self.buffer:sub(amount + 1)
  return taken
end

-- All up to and with a text; or what there was.
function Connection:take_through(text)
  while not self.buffer:find(text, 1, true) and self:more() do end
  local _, last = self.buffer:find(text, 1, true)
  return self:take(last or #self.buffer)
end

-- False: the other side doesn't want it any more.
function Connection:write(bytes)
  return not self.ended and self.socket:xwrite(bytes, "bn", PATIENCE) ~= nil
end

-- Over TLS no close_notify is sent.
function Connection:close()
  if self.ended then return end
  self.ended, self.buffer = true, ""
  self.socket:close()
end

-- What was sent and not yet received is lost, and the other side's read fails. cqueues can't ask for
-- that, luasocket can.
function Connection:reset()
  if self.ended then return end
  local option = luasocket.tcp()
  option:setfd(self.socket:pollfd())
  option:setoption("linger", { on = true, timeout = 0 })
  option:setfd(-1)
  self:close()
end

-- Reads on until the other side has had enough.
function Connection:drain()
  while self:wait() do self.buffer = "" end
  self:close()
end

-- Nothing more comes from here, but it is still being listened. Over TLS with close_notify.
function Connection:half_close()
  if self.ended then return end
  self.socket:shutdown "w"
  self:drain()
end

-- Silence, until the other side has had enough. `wait_out` is how its time passes.
function Connection:stall()
  self.wait_out()
  self:drain()
end

local connection = {}

-- `socket` is one of cqueues', `wait_out` a function.
function connection.new(socket, wait_out)
  socket:onerror(function(_, _, why) return why end)
  socket:setmode("b", "bn")
  return setmetatable({ socket = socket, buffer = "", ended = false, requests = 0,
    wait_out = wait_out }, Connection)
end

return connection
