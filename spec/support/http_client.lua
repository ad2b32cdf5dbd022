-- Bare HTTP on cqueues sockets, for specs that ask the simulator without geelark and want to see
-- each byte. Works inside a loop, and outside one, where it blocks.

local cqueues = require "cqueues"
local json = require("cjson").new()
local sockets = require "cqueues.socket"
local requests = require "spec.support.requests"
local servers = require "geelark.simulator.http.server"

local client = {}

---Runs `act(server)` in a loop that holds a simulator. The simulator is closed whatever
---happens; a failure of `act` is the spec's.
---@param options geelark.simulator.Options
---@param act fun(server: geelark.simulator.Server)
function client.with_server(options, act)
  local loop = cqueues.new()
  local server = servers.new(options):listen():attach(loop)
  local finished = false
  loop:wrap(function()
    act(server)
    finished = true
    server:close()
  end)
  local ran, why = loop:loop(60)
  server:close()
  if not ran then error(why, 0) end
  assert(finished, "the spec's part did not come to its end")
end

---@param server { url: string }
---@return table cqueues socket
function client.connect(server)
  local host, port = server.url:match "^https?://(.*):(%d+)$"
  local socket = sockets.connect { host = host, port = tonumber(port) }
  socket:onerror(function(_, _, why) return why end)
  socket:setmode("b", "bn")
  return socket
end

---@param server { url: string }
---@return boolean
function client.is_listening(server)
  local socket = client.connect(server)
  local connected = socket:connect(1)
  -- Where nobody listens the system may give the same port to the asking end, which then meets itself.
  local _, _, port = socket:localname()
  socket:close()
  return connected ~= nil and port ~= tonumber(server.url:match "%d+$")
end

---@param ids string[]|string ids, or a body as it stands
---@param more table<string, string|false>|nil headers that differ
---@return string a request to delete, as it goes over the wire
function client.request(ids, more)
  local body = requests.body(ids)
  local headers = requests.headers(more)
  headers["content-length"] = headers["content-length"] or #body
  local lines = { ("POST %s HTTP/1.1"):format(requests.DELETE) }
  for name, value in pairs(headers) do lines[#lines + 1] = name .. ": " .. value end
  return table.concat(lines, "\r\n") .. "\r\n\r\n" .. body
end

---@return table|nil head `status` and the headers by their names in lower case; nil: no answer
function client.receive_head(socket)
  local first = socket:xread "*L"
  if not first then return nil end
  local head = { status = tonumber(first:match "^HTTP/1.1 (%d+) ") }
  -- A generic for would be a C call between this coroutine and its loop on Lua 5.1.
  while true do
    local name, value = (socket:xread "*L"):match "^(.-): (.-)\r\n$"
    if not name then return head end
    head[name:lower()] = value
  end
end

local function receive_chunks(socket)
  local pieces = {}
  repeat
    local size = tonumber((socket:xread "*L"):match "^%x+", 16)
    pieces[#pieces + 1] = size > 0 and socket:xread(size) or ""
    socket:xread "*L"
  until size == 0
  return pieces
end

---@return table|nil response its head's fields, `body`, and `whole` where all of the body came
function client.receive(socket)
  local response = client.receive_head(socket)
  if not response then return nil end
  if response["transfer-encoding"] then
    local pieces = receive_chunks(socket)
    response.body, response.whole, response.chunks = table.concat(pieces), true, #pieces - 1
  else
    local length = tonumber(response["content-length"])
    response.body = length > 0 and socket:xread(length) or ""
    response.whole = #response.body == length
  end
  return response
end

---Asks to delete, and receives.
---@return table|nil response
function client.exchange(socket, ids, more)
  assert(socket:xwrite(client.request(ids, more)))
  return client.receive(socket)
end

---@return table what stands in the body
function client.envelope(response)
  return json.decode(response.body)
end

return client
