-- The HTTP server around a world: listens on loopback, serves any number of connections at
-- once, and lets faults happen. It runs in a cqueues loop of its own, which a caller's loop
-- can hold.

local need = require "geelark.simulator.need"
local answer = require "geelark.simulator.answer"
local certificates = require "geelark.simulator.http.certificate"
local connection = require "geelark.simulator.http.connection"
local cqueues = need("cqueues", "lua-cqueues")
local condition = need("cqueues.condition", "lua-cqueues")
local errno = need("cqueues.errno", "lua-cqueues")
local sockets = need("cqueues.socket", "lua-cqueues")
local worlds = require "geelark.simulator.world"

local NO_FAULT, NO_RESPONSE = {}, {}

---@class geelark.simulator.Server
---@field url string|nil base URL, once it listens
---@field ca_file string|nil PEM file of the certificate that it made for itself
---@field world geelark.simulator.World phones and journal
---@field connections integer accepted so far
local Server = {}
Server.__index = Server

-- Seconds since the epoch, finer than os.time and never going back.
local function clock()
  local offset = os.time() - cqueues.monotime()
  return function() return offset + cqueues.monotime() end
end

local function tls_context(pair)
  local contexts = need("openssl.ssl.context", "lua-luaossl")
  local pkey = need("openssl.pkey", "lua-luaossl")
  local x509 = need("openssl.x509", "lua-luaossl")
  local context = contexts.new("TLS", true)
  context:setCertificate(x509.new(pair.certificate))
  context:setPrivateKey(pkey.new(pair.key))
  return context
end

-- The certificate that was given, or one that is made, with the file that geelark trusts.
local function certificate(tls)
  if type(tls) == "table" then return tls end
  local pair = certificates.new()
  return pair, certificates.write(pair)
end

-- One request under its fault. Returns whether the connection may go on, and what was
-- answered, if anything.
local function respond(self, socket, request, record, fault)
  if fault.stall then cqueues.sleep(fault.stall) end
  if fault.close == "before" then return false end
  local reply = self.world:act(record, self.now(), fault)
  if fault.delay then cqueues.sleep(fault.delay) end
  if fault.close then return false end
  local response = answer.response(reply, fault)
  local headers = response.headers
  if not request.stays then headers.Connection = headers.Connection or "close" end
  return connection.write(socket, response, fault), response
end

local function refuse(socket, status)
  local headers = { ["Content-Type"] = "text/plain", Connection = "close" }
  connection.write(socket, { status = status, headers = headers, body = "" }, NO_FAULT)
end

-- One request and its answer. Returns whether the connection goes on.
local function serve_request(self, socket, number)
  local request, status = connection.read(socket)
  if not request then
    if status then refuse(socket, status) end
    return false
  end
  local record, fault, trouble = self.world:arrive(request, self.now())
  record.connection = number
  if trouble then io.stderr:write("geelark.simulator: ", trouble, "\n") end
  local goes_on, response = respond(self, socket, request, record, fault)
  response = response or NO_RESPONSE
  self.world:leave(record, response.status, response.code)
  if fault.reset then connection.reset_on_close(socket) end
  if fault.close_idle then
    cqueues.sleep(fault.close_idle)
    return false
  end
  return goes_on and request.stays
end

local function serve_connection(self, socket, number)
  connection.prepare(socket)
  if not self.context or socket:starttls(self.context) then
    while serve_request(self, socket, number) do end
  end
  self.sockets[socket] = nil
  socket:close()
end

local function accept_all(self)
  while true do
    local socket = self.listening:accept { nodelay = true }
    if socket then
      self.connections = self.connections + 1
      self.sockets[socket] = true
      self.cq:wrap(serve_connection, self, socket, self.connections)
    end
  end
end

-- A socket that listens, or nil and the reason.
local function listening_socket(host, port)
  local socket, why = sockets.listen {
    host = host, port = port, reuseaddr = true, nodelay = true,
  }
  if not socket then return nil, errno.strerror(why) end
  socket:onerror(function(_, _, reason) return reason end)
  local listens
  listens, why = socket:listen()
  if listens then return socket end
  socket:close()
  return nil, errno.strerror(why)
end

---Starts to listen. The connections are served while the loop runs: see `loop`, `attach`.
---@return geelark.simulator.Server self raises where the address can't be had
function Server:listen()
  local why
  self.listening, why = listening_socket(self.host, self.port)
  if not self.listening then
    error(("can't listen on %s port %d: %s")
      :format(self.host, self.port, why), 0)
  end
  local _, _, port = self.listening:localname()
  local host = self.host:find ":" and "[" .. self.host .. "]" or self.host
  self.url = ("%s://%s:%d"):format(self.context and "https" or "http", host, port)
  self.cq:wrap(accept_all, self)
  return self
end

-- Runs what is ready in the own loop; a fault of the simulator's own is told, not hidden.
local function step(self, timeout)
  local ok, why = self.cq:step(timeout)
  if not ok and not self.closed then
    io.stderr:write("geelark.simulator: ", tostring(why), "\n")
  end
end

local function run(self, wait)
  self.running = true
  while not self.closed do wait(self) end
  self.running = false
  self.cq:close()
end

---Serves until the server is closed; for a program that does nothing else.
function Server:loop()
  run(self, step)
end

---Serves within the caller's cqueues loop, until the server is closed.
---@param cq table the caller's cqueues object
---@return geelark.simulator.Server self
function Server:attach(cq)
  self.running = true
  cq:wrap(run, self, function()
    cqueues.poll(self.cq, self.closing)
    if not self.closed then step(self, 0) end
  end)
  return self
end

---Runs a function in the server's loop, beside the connections.
---@param run_it function
---@param ... any its arguments
function Server:wrap(run_it, ...)
  self.cq:wrap(run_it, ...)
end

---@class geelark.simulator.ServerState : geelark.simulator.WorldState
---@field connections integer accepted so far
---@field openConnections integer

---The world as it is now, with the journal of requests.
---@return geelark.simulator.ServerState
function Server:state()
  local state, open = self.world:state(self.now()), 0
  for _ in pairs(self.sockets) do open = open + 1 end
  state.connections, state.openConnections = self.connections, open
  return state
end

---Closes every socket at once, whatever is in flight. May be called again.
function Server:close()
  if self.closed then return end
  self.closed = true
  if self.ca_file then os.remove(self.ca_file) end
  for socket in pairs(self.sockets) do socket:close() end
  self.sockets = {}
  if self.listening then self.listening:close() end
  self.closing:signal()
  -- A loop that is running is closed by its runner: it may be what calls this.
  if not self.running then self.cq:close() end
end

local server = {}

---@param given geelark.simulator.Options|nil
---@return geelark.simulator.Server server that does not listen yet; raises where an option is wrong
function server.new(given)
  local world = worlds.new(given)
  local settings = world.settings
  local self = setmetatable({
    world = world,
    host = settings.host,
    port = settings.port,
    now = clock(),
    cq = cqueues.new(),
    closing = condition.new(),
    closed = false,
    connections = 0,
    sockets = {},
  }, Server)
  if settings.tls then
    local pair
    pair, self.ca_file = certificate(settings.tls)
    self.context = tls_context(pair)
  end
  return self
end

return server
