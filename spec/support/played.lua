-- A server that a spec plays by hand, in its own process: it accepts, reads and answers when the
-- spec says so, and nothing has to be timed. What it waits for comes from a job of this process,
-- which is stepped meanwhile, or (without one) from another process.

local errno = require "cqueues.errno"
local sockets = require "cqueues.socket"

local PATIENCE, STEP = 60, 0.01 -- seconds; only what never comes takes so long

-- What a method of a socket's brings within so many seconds, its last argument; or nil.
local function try(socket, method, ...)
  local value, why = socket[method](socket, ...)
  if value then return value end
  socket:clearerr()
  if why ~= errno.ETIMEDOUT and why ~= errno.EAGAIN then
    error(method .. ": " .. (why and errno.strerror(why) or "the connection ended"), 0)
  end
end

-- The same, as soon as it is there.
local function wait_for(job, socket, method, ...)
  local arguments, count = { ... }, select("#", ...) + 1
  for _ = 1, job and PATIENCE / STEP or 1 do
    arguments[count] = job and 0 or PATIENCE
    local value = try(socket, method, (table.unpack or unpack)(arguments, 1, count)) -- luacheck: ignore unpack
    if value then return value end
    if job then job:step(STEP) end
  end
  error("nothing came to " .. method, 3)
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
---@param job table|nil
---@return spec.support.PlayedRequest
function Connection:read(job)
  local function line()
    return (wait_for(job, self.socket, "xread", "*L", "b"):gsub("\r\n$", ""))
  end
  local request = { line = line(), headers = {} }
  local length = 0
  for header in line do
    if header == "" then break end
    table.insert(request.headers, header)
    length = tonumber(header:lower():match "^content%-length: (%d+)$") or length
  end
  request.body = wait_for(job, self.socket, "xread", length, "b")
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

---@param job table|nil
---@return spec.support.PlayedConnection
function Played:accept(job)
  local socket = wait_for(job, self.listening, "accept", { nodelay = true })
  socket:onerror(function(_, _, why) return why end)
  if self.context then wait_for(job, socket, "starttls", self.context) end
  local connection = setmetatable({ socket = socket }, Connection)
  table.insert(self.connections, connection)
  return connection
end

---Whether somebody has connected whom nobody has accepted.
---@return boolean
function Played:is_waited_for()
  local socket = try(self.listening, "accept", {}, 0)
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
