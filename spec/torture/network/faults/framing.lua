-- HTTP whose frame is wrong or unusual: lengths, chunks, versions, interim answers, headers.

local answers = require "spec.torture.network.answer"
local rows = require "spec.torture.network.faults.rows"
local point, raw = rows.point, rows.raw

local CUTS = 25
local OK, JSON = "HTTP/1.1 200 OK\r\n", "Content-Type: application/json\r\n"

-- An answer whose length is said by these headers.
local function framed(headers, body)
  return OK .. JSON .. headers .. "\r\n\r\n" .. body
end

-- Likewise with headers that have %d for the length.
local function sized(headers, ending)
  return raw(function(body) return framed(headers:gsub("%%d", #body), body) end, ending)
end

local function chunk(bytes) return ("%x\r\n%s\r\n"):format(#bytes, bytes) end

local END = "0\r\n\r\n"

-- A chunked answer that `make(body, exchange, cut)` frames.
local function chunked(make, ending)
  return raw(function(...) return framed("Transfer-Encoding: chunked", make(...)) end, ending)
end

-- An honest answer with this before it, and with this status line.
local function after(before, status_line, ending)
  return raw(function(body)
    return ("%s%s%sContent-Length: %d\r\n\r\n%s"):format(before, status_line or OK, JSON,
      #body, body)
  end, ending)
end

-- Nothing but this, then the connection is closed.
local function only(bytes, ending)
  return raw(function() return bytes end, ending or "close")
end

local list = {
  { "Content-Length too long", expect = "lost", does = raw(function(body)
    return framed("Content-Length: " .. #body + 10, body)
  end, "close") },
  { "Content-Length too long, then silence", expect = "lost", alone = true,
    does = raw(function(body) return framed("Content-Length: " .. #body + 10, body) end, "stall") },
  { "Content-Length too short", cuts = CUTS, expect = "lost", does = raw(function(body, _, cut)
    return framed("Content-Length: " .. point(#body, cut, CUTS), body)
  end) },
  { "Content-Length 0", expect = "lost", does = raw(function(body)
    return framed("Content-Length: 0", body)
  end) },
  { "Content-Length twice, the same", expect = "open",
    does = sized "Content-Length: %d\r\nContent-Length: %d" },
  { "Content-Length twice, the first too short", expect = "open",
    does = sized("Content-Length: 9\r\nContent-Length: %d", "close") },
  { "Content-Length twice, the second too short", expect = "open",
    does = sized("Content-Length: %d\r\nContent-Length: 9", "close") },
  { "Content-Length negative", expect = "lost", does = sized("Content-Length: -%d", "close") },
  { "Content-Length a word", expect = "lost", does = sized("Content-Length: many", "close") },
  { "Content-Length beyond all numbers", expect = "open",
    does = sized("Content-Length: 99999999999999999999999", "close") },
  { "Content-Length hexadecimal", expect = "open", does = sized("Content-Length: 0x%d", "close") },
  { "no length", expect = "answer", does = sized("X-Length: none", "close") },
  { "no length, cut", cuts = CUTS, expect = "lost", does = raw(function(body, _, cut)
    return framed("X-Length: none", body:sub(1, point(#body, cut, CUTS)))
  end, "close") },
  { "a length, chunked", expect = "open", does = raw(function(body)
    return framed("Content-Length: 5\r\nTransfer-Encoding: chunked", chunk(body) .. END)
  end) },
  { "chunked", expect = "answer", does = chunked(function(body) return chunk(body) .. END end) },
  { "chunks of a byte", expect = "answer", does = chunked(function(body)
    return body:gsub(".", function(byte) return chunk(byte) end) .. END
  end) },
  { "a chunk with an extension", expect = "answer", does = chunked(function(body)
    return ("%x;a=b\r\n%s\r\n"):format(#body, body) .. END
  end) },
  { "chunks with a trailer", expect = "answer", does = chunked(function(body)
    return chunk(body) .. "0\r\nX-Sum: 1\r\n\r\n"
  end) },
  { "chunk size a word", expect = "lost", does = chunked(function(body)
    return "zz\r\n" .. body .. "\r\n" .. END
  end, "close") },
  { "chunk size negative", expect = "lost", does = chunked(function(body)
    return ("-%x\r\n%s\r\n"):format(#body, body) .. END
  end, "close") },
  { "chunk size beyond all numbers", expect = "lost", does = chunked(function(body)
    return "fffffffffffffffff\r\n" .. body .. "\r\n" .. END
  end, "close") },
  { "chunk size too small", expect = "lost", does = chunked(function(body)
    return ("%x\r\n%s\r\n"):format(#body - 3, body) .. END
  end, "close") },
  { "chunk size too large", expect = "lost", does = chunked(function(body)
    return ("%x\r\n%s\r\n"):format(#body + 30, body) .. END
  end, "close") },
  { "no last chunk", expect = "lost", does = chunked(chunk, "close") },
  { "no last chunk, then silence", expect = "lost", alone = true,
    does = chunked(chunk, "stall") },
  { "the last chunk twice", expect = "open", does = chunked(function(body)
    return chunk(body) .. END .. END
  end) },
  { "chunked, cut", cuts = CUTS, expect = "lost", does = chunked(function(body, _, cut)
    local bytes = chunk(body:sub(1, 20)) .. chunk(body:sub(21))
    return bytes:sub(1, point(#bytes, cut, CUTS))
  end, "close") },
  { "chunked, cut and reset", cuts = CUTS, expect = "lost", does = chunked(function(body, _, cut)
    local bytes = chunk(body:sub(1, 20)) .. chunk(body:sub(21))
    return bytes:sub(1, point(#bytes, cut, CUTS))
  end, "reset") },
  { "Transfer-Encoding unknown", expect = "open",
    does = sized("Transfer-Encoding: x-none", "close") },
  { "byte by byte", expect = "answer", does = function(x)
    if not x:read() then return end
    local body = answers.json(x:obey())
    for byte in framed("Content-Length: " .. #body, body):gmatch "." do x.connection:write(byte) end
  end },

  { "100 before", expect = "answer", does = after "HTTP/1.1 100 Continue\r\n\r\n" },
  { "100 twenty-five times", expect = "answer",
    does = after(("HTTP/1.1 100 Continue\r\n\r\n"):rep(25)) },
  { "102 before", expect = "answer", does = after "HTTP/1.1 102 Processing\r\n\r\n" },
  { "103 with headers before", expect = "answer",
    does = after "HTTP/1.1 103 Early Hints\r\nRetry-After: 100000\r\nLink: </a>; rel=x\r\n\r\n" },
  { "199 before", expect = "answer", does = after "HTTP/1.1 199 What\r\n\r\n" },
  { "101 before", expect = "open",
    does = after("HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n"
      .. "Connection: Upgrade\r\n\r\n", nil, "close") },
  { "101 and another protocol", expect = "lost", does = only("HTTP/1.1 101 Switching Protocols\r\n"
    .. "Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n\129\5hello") },
  { "nothing but 100", expect = "lost", does = only "HTTP/1.1 100 Continue\r\n\r\n" },
  { "100 without end", expect = "lost", does = function(x)
    if not x:read() then return end
    x:obey()
    local many = ("HTTP/1.1 100 Continue\r\nX: y\r\n\r\n"):rep(1000)
    while x.connection:write(many) do end
    x.connection:close()
  end },

  { "HTTP/1.0, closed", expect = "answer", does = raw(function(body)
    return "HTTP/1.0 200 OK\r\n" .. JSON .. "\r\n" .. body
  end, "close") },
  { "HTTP/1.0, kept", expect = "answer", does = raw(function(body)
    return ("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: %d\r\n\r\n%s")
      :format(#body, body)
  end) },
  { "HTTP/1.0, a length, open", expect = "answer", does = raw(function(body)
    return ("HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n%s"):format(#body, body)
  end) },
  { "HTTP/0.9", expect = "lost", does = raw(function(body) return body end, "close") },
  { "HTTP/1.2", expect = "open", does = after("", "HTTP/1.2 200 OK\r\n") },
  { "HTTP/2 in its status line", expect = "open", does = after("", "HTTP/2 200\r\n") },
  { "HTTP/9.9", expect = "open", does = after("", "HTTP/9.9 200 OK\r\n") },
  { "no reason phrase", expect = "answer", does = after("", "HTTP/1.1 200\r\n") },
  { "status of two digits", expect = "open", does = after("", "HTTP/1.1 20 OK\r\n") },
  { "status of four digits", expect = "open", does = after("", "HTTP/1.1 2000 OK\r\n") },
  { "status 000", expect = "open", does = after("", "HTTP/1.1 000 OK\r\n") },
  { "status with letters", expect = "open", does = after("", "HTTP/1.1 2OO OK\r\n") },
  { "status negative", expect = "open", does = after("", "HTTP/1.1 -200 OK\r\n") },
  { "lower case http", expect = "open", does = after("", "http/1.1 200 ok\r\n") },
  { "ICY", expect = "open", does = after("", "ICY 200 OK\r\n") },
  { "RTSP", expect = "open", does = after("", "RTSP/1.0 200 OK\r\n") },
  { "blank lines before", expect = "open", does = after "\r\n\r\n" },
  { "garbage before", expect = "open", does = after "\0\1\2garbage\r\n" },
  { "garbage", expect = "lost", does = only(("\200\0\17\255x"):rep(800)) },
  { "a newline and no more", expect = "lost", does = only "\n" },
  { "a mail server's greeting", expect = "lost", does = only "220 mail.example ESMTP ready\r\n" },
  { "an SSH server's greeting", expect = "lost", does = only "SSH-2.0-OpenSSH_9.2\r\n" },
  { "HTTP/2 frames: SETTINGS, GOAWAY", expect = "lost", does = only("\0\0\0\4\0\0\0\0\0"
    .. "\0\0\8\7\0\0\0\0\0\0\0\0\0\0\0\0\11") },
  { "a request in place of an answer", expect = "lost", does = only(
    "POST /open/v1/phone/delete HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n") },

  { "a header of 300 kB", expect = "lost", does = raw(function(body)
    return framed("X-Long: " .. ("x"):rep(300000) .. "\r\nContent-Length: " .. #body, body)
  end, "close") },
  -- under libcurl's own limit of 300 kB, which not every version has
  -- More than the core takes, less than what a newer libcurl refuses by itself.
  { "280 kilobytes of headers", expect = "lost", does = raw(function(body)
    local header = "X-Many: " .. ("0123456789"):rep(100) .. "\r\n"
    return framed(header:rep(275) .. "Content-Length: " .. #body, body)
  end, "close") },
  { "headers without end", expect = "lost", does = function(x)
    if not x:read() then return end
    x:obey()
    x.connection:write(OK)
    local many = ("X-Many: 0123456789\r\n"):rep(1000)
    while x.connection:write(many) do end
    x.connection:close()
  end },
  { "a header without a colon", expect = "open",
    does = sized "what is this\r\nContent-Length: %d" },
  { "a header without a name", expect = "open", does = sized ": empty\r\nContent-Length: %d" },
  { "a folded header", expect = "answer", does = sized "X-Folded: a\r\n b\r\nContent-Length: %d" },
  { "a header with NUL", expect = "open", does = sized "X-Nul: a\0b\r\nContent-Length: %d" },
  { "a header with bytes above 127", expect = "answer",
    does = sized "X-High: \228\246\252\255\r\nContent-Length: %d" },
  { "lines that end in LF alone", expect = "answer", does = raw(function(body)
    return (framed("Content-Length: " .. #body, body):gsub("\r\n", "\n"))
  end) },
  { "lines that end in CR alone", expect = "lost", does = raw(function(body)
    return (framed("Content-Length: " .. #body, body):gsub("\r\n", "\r"))
  end, "close") },
  { "Set-Cookie, HSTS, Alt-Svc", expect = "answer", does = sized("Set-Cookie: a=b; Domain=.com\r\n"
    .. "Strict-Transport-Security: max-age=9\r\nAlt-Svc: h3=\":1\"\r\nContent-Length: %d") },
  { "said to be gzip", expect = "answer",
    does = sized "Content-Encoding: gzip\r\nContent-Length: %d" },
  { "said to be something unknown", expect = "answer",
    does = sized "Content-Encoding: x-rot13\r\nContent-Length: %d" },
  { "gzip unasked", expect = "lost", does = raw(function(body)
    -- one stored block; the sum at its end is wrong, as nobody must come so far
    local n, m = #body % 256, math.floor(#body / 256)
    local packed = "\31\139\8\0\0\0\0\0\0\3\1" .. string.char(n, m, 255 - n, 255 - m) .. body
      .. "\0\0\0\0" .. string.char(n, m, 0, 0)
    return framed("Content-Encoding: gzip\r\nContent-Length: " .. #packed, packed)
  end) },
}

for _, row in ipairs(list) do row.obeys = true end
return list
