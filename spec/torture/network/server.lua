-- A server for one case: on raw sockets, honest but where its fault is due. It keeps a log with one
-- entry for each request of which a byte came, and counts the connections that it ended before one
-- could.

local condition = require "cqueues.condition"
local cqueues = require "cqueues"
local luasocket = require "socket" -- Debian: lua-socket
local sockets = require "cqueues.socket"
local connection = require "spec.torture.network.connection"
local exchange = require "spec.torture.network.exchange"
local protected = require "spec.torture.network.protected"
local relay = require "spec.torture.network.relay"

local HANDSHAKE_SECONDS = 30

local Server = {}
Server.__index = Server

-- Starts a coroutine; Server:close waits for all of them.
function Server:wrap(run)
  self.running = self.running + 1
  cqueues.running():wrap(function()
    local ok, why = protected(run)
    if not ok then self.errors[#self.errors + 1] = why end
    self.running = self.running - 1
    self.calm:signal()
  end)
end

-- Whether the fault comes now: at the n-th connection or request.
function Server:is_due(number)
  if self.spent or number < self.fault_at then return false end
  self.spent = self.once
  return true
end

-- Over TLS behind a relay where the fault wants to break what is on the wire.
function Server:start_tls(wire, fault, cut)
  local contexts = self.contexts
  local context = contexts[fault and fault.context or "good"]
  local plain = wire
  if fault and fault.relayed then
    local inner
    wire.relay, inner = relay.new(wire, function(run) self:wrap(run) end)
    plain = connection.new(inner, wire.wait_out)
    plain.relay = wire.relay
    if fault.handshake then fault.handshake(wire.relay, cut) end
  end
  if plain.socket:starttls(context, HANDSHAKE_SECONDS) then return plain end
  plain:close()
end

-- An answer comes before there was a request; the request that comes gets none.
function Server:greet(served)
  served:write(self.fault.greets)
  if not served:wait() then return end
  local x = exchange.new(self, served)
  x.entry.fault = true
  x:read()
  served:close()
end

-- Requests on one connection, one after the other.
function Server:serve(served)
  local fault = self.fault
  while served:wait() do
    local x = exchange.new(self, served)
    local wanted = fault.does and not (fault.reused and served.requests < 2)
    if wanted and self:is_due(x.entry.number) then
      x.entry.fault = true
      if self.on_fault then self.on_fault() end
      fault.does(x, self.cut)
    elseif not x:answer_honestly() then
      break
    end
  end
end

function Server:welcome(socket)
  local fault, wire = self.fault, connection.new(socket, self.wait_out)
  self.connections = self.connections + 1
  local due = not fault.does and self:is_due(self.connections)
  local served = wire
  if due and fault.connects then
    self.unread = self.unread + 1
    fault.connects(wire)
  elseif self.contexts then
    served = self:start_tls(wire, (due or fault.does) and fault, self.cut)
    if not served then self.unread = self.unread + 1 end
  end
  if served and not served.ended then
    local requests = #self.log
    served.refusable = due and fault.context ~= nil
    if due and fault.greets then self:greet(served) else self:serve(served) end
    if due and not fault.connects and #self.log == requests then self.unread = self.unread + 1 end
    served:close()
  end
  if not wire.relay then wire:close() end
end

-- Takes a port, which nobody can connect to yet; cqueues binds only as it listens.
function Server:bind()
  self.bound = luasocket.tcp4()
  assert(self.bound:setoption("reuseaddr", true))
  assert(self.bound:bind("127.0.0.1", 0))
  local _, port = self.bound:getsockname()
  self.url = ("%s://127.0.0.1:%d"):format(self.contexts and "https" or "http", port)
end

-- Accepts until it is told to stop.
function Server:listen()
  if self.listening then return end
  assert(self.bound:listen(32))
  local listening = assert(sockets.fdopen(self.bound:getfd()))
  self.bound:setfd(-1)
  listening:onerror(function(_, _, why) return why end)
  self.listening = true
  self:wrap(function()
    while self.listening do
      local socket = listening:accept({ nodelay = true }, 0)
      if socket then
        self:wrap(function() self:welcome(socket) end)
      else
        listening:clearerr()
        cqueues.poll({ pollfd = listening:pollfd(), events = "r" }, self.over)
      end
    end
    listening:close()
  end)
end

-- What is open has `seconds` to end, as it does when the client closes. Returns how many didn't.
function Server:close(seconds)
  self.listening = false
  self.bound:close()
  self.over:signal()
  local late = cqueues.monotime() + seconds
  while self.running > 0 and cqueues.monotime() < late do
    cqueues.poll(self.calm, late - cqueues.monotime())
  end
  return self.running
end

local server = {}

-- `options`: world, fault, cut, fault_at, once, contexts (TLS), wait_out, and on_fault, a function
-- that is called when the fault comes.
function server.new(options)
  options.log, options.errors = {}, {}
  options.connections, options.unread, options.running = 0, 0, 0
  options.calm, options.over = condition.new(), condition.new()
  local made = setmetatable(options, Server)
  made:bind()
  if not made.fault.refuses then made:listen() end
  return made
end

return server
