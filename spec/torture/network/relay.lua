-- Stands between the wire and a TLS endpoint and passes the bytes on as they are, until it is told to
-- cut, change or add some: so handshakes and records are broken where no TLS library would.

local cqueues = require "cqueues"
local sockets = require "cqueues.socket"
local connection = require "spec.torture.network.connection"

local QUIET_TURNS = 100

local Relay = {}
Relay.__index = Relay

-- What is passed on of these bytes, or of those behind the point where the plan is carried out.
function Relay:pass(direction, bytes, to)
  local plan = self.plan
  if not plan or plan.direction ~= direction then return bytes end
  plan.after = plan.after - #bytes
  if plan.after > 0 then return bytes end
  self.plan = nil
  local at = #bytes + plan.after
  to:write(bytes:sub(1, at))
  local changed = plan.act(self, bytes:sub(at + 1)) or ""
  if not self.held then self.wrap(function() self:watch() end) end
  return changed
end

-- Where bytes are wrong both sides may wait for more of them. The peers, the relay and the client
-- share one loop and one machine: when nothing has moved for so many turns, nothing will.
function Relay:watch()
  local quiet, moved = 0, self.moved
  while self.pumps == 2 and quiet < QUIET_TURNS do
    cqueues.sleep(0)
    quiet = moved == self.moved and quiet + 1 or 0
    moved = self.moved
  end
  if self.pumps == 2 then self.wire.wait_out() end
end

-- Passes on what comes from one side, to its end; the last of the two to end closes both sides. A
-- plan is for one direction, "up" (what the client sends) or "down": after `after` more bytes
-- `act(relay, bytes)` is called with what came behind them, and returns what takes their place.
function Relay:pump(direction, from, to)
  while from:wait() and not self.ending do
    local bytes = from.buffer
    from.buffer = ""
    self.moved = self.moved + 1
    if not self.held then bytes = self:pass(direction, bytes, to) end
    if not self.held then to:write(bytes) end
  end
  self.pumps = self.pumps - 1
  if self.pumps == 0 then
    self.wire[self.ending or "close"](self.wire)
    self.outer:close()
  elseif not self.held then
    self.wire.socket:shutdown "rw"
    self.outer.socket:shutdown "rw"
  end
end

-- From now on nothing is passed on, and the wire ends in the given way, a method of a connection's.
-- Nothing is closed while a pump reads from it: an end of reading wakes that.
function Relay:hold(ending)
  self.held = true
  self.outer.socket:shutdown "rw"
  if ending == "stall" then self.wire.wait_out()
  elseif ending == "half_close" then self.wire.socket:shutdown "w"
  else
    self.ending = ending
    self.wire.socket:shutdown "r"
  end
end

-- Plans from here on: what the endpoint has sent so far is let through before.
function Relay:set(plan)
  while not self.outer.ended do
    local bytes = self.outer.socket:recv(-65536, "b")
    if not bytes or bytes == "" then break end
    self.wire:write(bytes)
  end
  if not self.outer.ended then self.outer.socket:clearerr() end
  self.plan = plan
end

local relay = {}

-- Returns a relay and the socket for the endpoint. `wrap` starts a coroutine.
function relay.new(wire, wrap)
  local outer, inner = sockets.pair()
  local made = setmetatable({ wire = wire, pumps = 2, moved = 0, wrap = wrap,
    outer = connection.new(outer, wire.wait_out) }, Relay)
  wrap(function() made:pump("up", made.wire, made.outer) end)
  wrap(function() made:pump("down", made.outer, made.wire) end)
  return made, inner
end

return relay
