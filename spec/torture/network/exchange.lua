-- One request on the wire and its answer: read as far as a fault wants, obeyed or not, answered
-- honestly or otherwise. What was read and done is noted for the judge.

local answers = require "spec.torture.network.answer"

local Exchange = {}
Exchange.__index = Exchange

-- Reads the head whole. False: it ended before.
function Exchange:read_head()
  local head = self.connection:take_through "\r\n\r\n"
  self.entry.action = head:match "^POST /open/v1/phone/(%l+) HTTP/1%.[01]\r\n"
  self.entry.trace_id = head:match "\r\ntraceId: (%S+)\r\n"
  self.length = tonumber(head:match "\r\n[Cc]ontent%-[Ll]ength: (%d+)\r\n")
  return self.length ~= nil and head:sub(-4) == "\r\n\r\n"
end

-- Reads the request whole. False: it ended before.
function Exchange:read()
  if not self:read_head() then return false end
  local body = self.connection:take(self.length)
  if #body < self.length then return false end
  self.ids = {}
  for id in body:match('^{"ids":%[(.*)%]}$'):gmatch '"([^"]*)"' do self.ids[#self.ids + 1] = id end
  self.entry.ids = self.ids
  return true
end

-- Does what was asked. Returns the answer to it, in pieces.
function Exchange:obey()
  local world, entry = self.server.world, self.entry
  entry.obeyed = true
  local failed, seen = world[entry.action](world, self.ids)
  local answer = answers.new(entry.trace_id, #self.ids, failed)
  if seen then answers.add_seen(answer, seen) end
  return answer
end

-- The answer of somebody who didn't.
function Exchange:refuse(code, msg)
  return answers.refusal(self.entry.trace_id, code, msg)
end

-- Writes a body with its head.
function Exchange:send(body, status, headers)
  local line, fields = answers.http(body, status, headers)
  self.connection.last = line .. fields .. body
  return self.connection:write(self.connection.last)
end

-- Reads, obeys and answers as the service does. False: the request didn't come whole.
function Exchange:answer_honestly()
  if not self:read() then return false end
  self.entry.honest = self:send(answers.json(self:obey()))
  return true
end

local exchange = {}

function exchange.new(server, connection)
  local entry = { number = #server.log + 1, refusable = connection.refusable }
  server.log[entry.number] = entry
  connection.requests = connection.requests + 1
  return setmetatable({ server = server, connection = connection, entry = entry }, Exchange)
end

return exchange
