-- HTTP/1.1 on one connection, the server's side of a cqueues socket: reads a request, writes a
-- response, also a wrong one where a fault asks for that.

local need = require "geelark.simulator.need"
local cqueues = need("cqueues", "lua-cqueues")

local LONGEST_LINE, MOST_HEADERS, LONGEST_BODY = 65536, 100, 16 * 1024 * 1024

local REASONS = {
  [200] = "OK", [302] = "Found", [400] = "Bad Request", [404] = "Not Found",
  [405] = "Method Not Allowed", [413] = "Content Too Large", [429] = "Too Many Requests",
  [500] = "Internal Server Error", [502] = "Bad Gateway", [503] = "Service Unavailable",
  [504] = "Gateway Timeout",
}

local connection = {}

---Makes a socket fit for this module: errors are returned, lines may be long.
---@param socket table cqueues socket
---@return table socket
function connection.prepare(socket)
  socket:onerror(function(_, _, why) return why end)
  socket:setmode("b", "bn")
  socket:setmaxline(LONGEST_LINE)
  return socket
end

-- A line without its end, or nil where the connection ended or the line is too long.
local function read_line(socket)
  local line = socket:xread "*L"
  return line and line:match "^(.-)\r?\n$"
end

local function read_headers(socket)
  local headers = {}
  for _ = 1, MOST_HEADERS do
    local line = read_line(socket)
    if not line then return nil end
    if line == "" then return headers end
    local name, value = line:match "^([^%s:]+):[ \t]*(.-)[ \t]*$"
    if not name then return nil end
    headers[name:lower()] = value
  end
end

local function read_exactly(socket, count)
  if count == 0 then return "" end
  local bytes = socket:xread(count)
  return bytes and #bytes == count and bytes or nil
end

local function read_chunked(socket)
  local pieces, total = {}, 0
  while true do
    local size = tonumber((read_line(socket) or ""):match "^%x+" or "", 16)
    if not size then return nil, 400 end
    total = total + size
    if total > LONGEST_BODY then return nil, 413 end
    if size == 0 then break end
    local piece = read_exactly(socket, size)
    if not piece or read_line(socket) ~= "" then return nil, 400 end
    pieces[#pieces + 1] = piece
  end
  -- What may follow the last chunk has the form of headers.
  if not read_headers(socket) then return nil, 400 end
  return table.concat(pieces)
end

local function read_body(socket, headers)
  if (headers["transfer-encoding"] or ""):lower() == "chunked" then
    return read_chunked(socket)
  end
  local length = headers["content-length"] or "0"
  if not length:find "^%d+$" then return nil, 400 end
  if tonumber(length) > LONGEST_BODY then return nil, 413 end
  local body = read_exactly(socket, tonumber(length))
  return body, 400
end

---Reads one request; yields until it is there.
---@param socket table cqueues socket
---@return geelark.simulator.Request|nil request nil: the connection ended or is unusable
---@return integer|nil status to answer with before closing, where that makes sense
function connection.read(socket)
  local first = read_line(socket)
  if not first then return nil end
  local method, path, version = first:match "^(%u+) (%S+) HTTP/1%.([01])$"
  if not method then return nil, 400 end
  local headers = read_headers(socket)
  if not headers then return nil, 400 end
  if (headers.expect or ""):lower() == "100-continue" then
    if not socket:xwrite "HTTP/1.1 100 Continue\r\n\r\n" then return nil end
  end
  local body, status = read_body(socket, headers)
  if not body then return nil, status end
  local stays = version == "1" and (headers.connection or ""):lower() ~= "close"
  return { method = method, path = path, headers = headers, body = body, stays = stays }
end

local function head(status, headers)
  local lines = { ("HTTP/1.1 %d %s"):format(status, REASONS[status] or "Unknown") }
  for name, value in pairs(headers) do
    lines[#lines + 1] = ("%s: %s"):format(name, value)
  end
  return table.concat(lines, "\r\n") .. "\r\n\r\n"
end

---Lets the coming close end the connection with a reset: what was sent and not yet
---received is lost, and the peer's read fails. cqueues can't ask for that, luasocket can.
---@param socket table cqueues socket
function connection.reset_on_close(socket)
  local option = need("socket", "lua-socket").tcp()
  option:setfd(socket:pollfd())
  option:setoption("linger", { on = true, timeout = 0 })
  option:setfd(-1)
end

local function chunk(piece)
  return ("%x\r\n%s\r\n"):format(#piece, piece)
end

-- The body in pieces of `size` bytes, with pauses between them.
local function write_pieces(socket, body, size, pause, frame)
  for first = 1, #body, size do
    if first > 1 and pause > 0 then cqueues.sleep(pause) end
    if not socket:xwrite(frame(body:sub(first, first + size - 1))) then return false end
  end
  return true
end

local function as_it_is(piece) return piece end

---Writes one response, as the fault wants it; yields until it is out.
---@param socket table cqueues socket
---@param response geelark.simulator.Response
---@param fault geelark.simulator.Fault its chunked, drip and cut matter here
---@return boolean whole whether all of it went out, so that the connection can go on
function connection.write(socket, response, fault)
  local headers, body = response.headers, response.body
  headers.Date = headers.Date or os.date "!%a, %d %b %Y %H:%M:%S GMT"
  headers[fault.chunked and "Transfer-Encoding" or "Content-Length"] =
    fault.chunked and "chunked" or ("%d"):format(#body)
  local sent = fault.cut and body:sub(1, fault.cut) or body
  if not fault.chunked and not fault.drip then
    -- One write, so that head and body leave together.
    return socket:xwrite(head(response.status, headers) .. sent) and not fault.cut
  end
  if not socket:xwrite(head(response.status, headers)) then return false end
  local drip = fault.drip or { fault.chunked, 0 }
  local frame = fault.chunked and chunk or as_it_is
  local size = math.max(1, fault.chunked or drip[1])
  local whole = write_pieces(socket, sent, size, drip[2], frame) and not fault.cut
  if whole and fault.chunked then return socket:xwrite "0\r\n\r\n" end
  return whole
end

return connection
