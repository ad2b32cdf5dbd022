-- A server that a spec plays by hand, in its own process: it accepts, reads and answers when the
-- spec says so, and nothing has to be timed. Whatever has to come first, `step` brings it about:
-- a function that steps a job, or a job.

local errno = require "cqueues.errno"
local sockets = require "cqueues.socket"

local PATIENCE = 6000 -- steps of 10 ms; only what never comes takes them all

local function wait_for(what, step, get)
  if type(step) ~= "function" then
    local job = step
    step = function() job:step(0.01) end
  end
  for _ = 1, PATIENCE do
    local value = get()
    if value then return value end
    step()
  end
  error(what .. " never came", 3)
end

-- A call of a socket's that doesn't wait; nil: not yet.
local function at_once(socket, method, ...)
  local value, why = socket[method](socket, ...)
  if value then return value end
  socket:clearerr()
  if why ~= errno.ETIMEDOUT and why ~= errno.EAGAIN then
    error(method .. ": " .. (why and errno.strerror(why) or "the connection ended"), 0)
  end
end

---@class spec.support.PlayedConnection
---@field socket table
local Connection = {}
Connection.__index = Connection

---@class spec.support.PlayedRequest
---@field line string such as "POST /open/v1/phone/delete HTTP/1.1"
---@field headers string[] as they came: "Name: value"
---@field body string

---Reads one request, whole.
---@param step function|table
---@return spec.support.PlayedRequest
function Connection:read(step)
  local function line()
    return wait_for("a request", step, function()
      return at_once(self.socket, "xread", "*L", "b", 0)
    end):gsub("\r\n$", "")
  end
  local request = { line = line(), headers = {} }
  local length = 0
  for header in line do
    if header == "" then break end
    table.insert(request.headers, header)
    length = tonumber(header:lower():match "^content%-length: (%d+)$") or length
  end
  request.body = wait_for("a body", step, function()
    return at_once(self.socket, "xread", length, "b", 0)
  end)
  return request
end

---Answers what was read.
---@param status integer
---@param body string
function Connection:answer(status, body)
  local written = self.socket:xwrite(("HTTP/1.1 %d Said\r\nContent-Type: application/json\r\n"
    .. "Content-Length: %d\r\n\r\n%s"):format(status, #body, body), "bn", 10)
  assert(written, "the answer could not be written")
end

function Connection:close()
  self.socket:close()
end

---@class spec.support.Played
---@field url string
---@field connections spec.support.PlayedConnection[] all that were accepted
local Played = {}
Played.__index = Played

---@param step function|table
---@return spec.support.PlayedConnection
function Played:accept(step)
  local socket = wait_for("a connection", step, function()
    return at_once(self.listening, "accept", { nodelay = true }, 0)
  end)
  socket:onerror(function(_, _, why) return why end)
  if self.context then
    wait_for("a handshake", step, function()
      return at_once(socket, "starttls", self.context, 0)
    end)
  end
  local connection = setmetatable({ socket = socket }, Connection)
  table.insert(self.connections, connection)
  return connection
end

---Whether somebody has connected whom nobody has accepted.
---@return boolean
function Played:is_waited_for()
  local socket = at_once(self.listening, "accept", {}, 0)
  if socket then socket:close() end
  return socket ~= nil
end

function Played:close()
  for _, connection in ipairs(self.connections) do connection:close() end
  self.listening:close()
end

---Listens on a loopback port.
---@param context table|nil of luaossl, for TLS
---@return spec.support.Played
return function(context)
  local listening = assert(sockets.listen { host = "127.0.0.1", port = 0 })
  listening:onerror(function(_, _, why) return why end)
  assert(listening:listen())
  local _, _, port = listening:localname()
  return setmetatable({ listening = listening, context = context, connections = {},
    url = ("%s://127.0.0.1:%d"):format(context and "https" or "http", port) }, Played)
end
