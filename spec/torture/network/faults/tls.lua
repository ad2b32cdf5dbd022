-- TLS that fails: handshakes, certificates, versions, records. A row may have here
--   context    which of contexts.lua's the server uses
--   relayed    the bytes on the wire pass a relay, see relay.lua
--   handshake  function(relay, cut): what is planned before the handshake

local answers = require "spec.torture.network.answer"
local rows = require "spec.torture.network.faults.rows"

local CUTS = 25
local HELLO_STEP, HANDSHAKE_STEP, RECORD_STEP = 20, 36, 12 -- bytes between two cuts
local ENDINGS = { reset = "reset", close = "close", half_close = "half close", stall = "silence" }

local ALERT = "\21\3\3\0\2\2\80" -- fatal: internal error
local HELLO_REQUEST = "\22\3\3\0\4\0\0\0\0" -- what asks for a renegotiation

local list = {}

local function add(row)
  row.over = "tls"
  list[#list + 1] = row
end

for _, name in ipairs { "unknown", "expired", "other_host" } do
  add { "certificate: " .. name, expect = "stops", kind = "tls", context = name }
end
add { "TLS 1.0 alone", expect = "unsent", context = "tls10" }
add { "TLS 1.1 alone", expect = "unsent", context = "tls11" }
add { "TLS 1.2 alone", expect = "answer", context = "tls12" }
add { "TLS 1.3 wants a certificate of the client's", expect = "either", context = "asks" }
add { "TLS 1.2 wants a certificate of the client's", expect = "unsent", context = "asks12" }
add { "plain HTTP in place of TLS", expect = "unsent", connects = function(wire)
  wire:take(100)
  wire:write "HTTP/1.1 400 The plain HTTP request was sent to HTTPS port\r\n\r\n"
  wire:close()
end }
for name, bytes in pairs { ["an alert"] = ALERT, ["a request for renegotiation"] = HELLO_REQUEST,
    garbage = ("\0\255x"):rep(100), ["an SSLv2 hello"] = "\128\11\4\0\1\0\2\0\0\0\0\0\0" } do
  add { name .. " in place of a handshake", expect = "unsent", connects = function(wire)
    wire:take(100)
    wire:write(bytes)
    wire:close()
  end }
end

-- What is planned for one direction of the wire.
local function plan(direction, step, act)
  return function(relay, cut) relay:set { direction = direction, after = cut * step, act = act } end
end

local changes = {
  { "a byte is changed", function(_, bytes)
    return bytes == "" and "\0" or string.char((bytes:byte() + 1) % 256) .. bytes:sub(2)
  end },
  { "a byte is missing", function(_, bytes) return bytes:sub(2) end },
  { "an alert", function(_, bytes) return ALERT .. bytes end },
  { "a request for renegotiation in clear", function(_, bytes) return HELLO_REQUEST .. bytes end },
}
for method, ending in pairs(ENDINGS) do
  changes[#changes + 1] = { ending, function(relay) relay:hold(method) end }
end

for _, change in ipairs(changes) do
  local name, act = change[1], change[2]
  -- Where it is past the handshake's bytes, or waits for more of them, the exchange is what it hits.
  add { name .. " in the client's hello", cuts = CUTS, relayed = true, alone = true,
    expect = "open", handshake = plan("up", HELLO_STEP, act) }
  add { name .. " in the server's handshake", cuts = CUTS, relayed = true, alone = true,
    expect = "open", handshake = plan("down", HANDSHAKE_STEP, act) }
  add { name .. " in the records of the answer", cuts = CUTS, relayed = true, alone = true,
    obeys = true, expect = "open",
    does = function(x, cut)
      if not x:read() then return end
      plan("down", RECORD_STEP, act)(x.connection.relay, cut)
      x:send(answers.json(x:obey()))
    end }
end

local function goodbye(x)
  x.connection.socket:shutdown "rw"
  x.connection:close()
end

add { "close_notify behind the answer", expect = "answer", obeys = true, does = function(x)
  if not x:read() then return end
  x:send(answers.json(x:obey()))
  goodbye(x)
end }
add { "no length, no close_notify", expect = "open", obeys = true, does = rows.raw(function(body)
  return "HTTP/1.1 200 OK\r\n\r\n" .. body
end, "close") }
add { "no length, cut, with close_notify", expect = "lost", obeys = true, cuts = CUTS,
  does = function(x, cut)
    if not x:read() then return end
    local body = answers.json(x:obey())
    x.connection:write("HTTP/1.1 200 OK\r\n\r\n" .. body:sub(1, rows.point(#body, cut, CUTS)))
    goodbye(x)
  end }
add { "a record for each byte", expect = "answer", obeys = true, does = function(x)
  if not x:read() then return end
  local line, headers, body = answers.http(answers.json(x:obey()))
  for byte in (line .. headers .. body):gmatch "." do x.connection:write(byte) end
end }

return list
