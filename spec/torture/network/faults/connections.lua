-- What happens on a connection besides one request and one answer: kept ones that die, answers that
-- come twice, too early or too late.

local answers = require "spec.torture.network.answer"
local rows = require "spec.torture.network.faults.rows"

local HTML = "<html>no</html>"

local function whole(body, status)
  local line, headers = answers.http(body, status)
  return line .. headers .. body
end

local list = {}

local function add(row) list[#list + 1] = row end

for _, ending in ipairs { "reset", "close" } do
  -- libcurl by itself would send such a request again.
  add { ending .. " on a kept connection, unread", expect = "lost", reused = true, alone = true,
    does = function(x) x.connection[ending](x.connection) end }
  add { ending .. " on a kept connection, obeyed", expect = "lost", reused = true, alone = true,
    obeys = true, does = function(x)
      if x:read() then x:obey() end
      x.connection[ending](x.connection)
    end }
end

add { "close behind the answer", expect = "answer", obeys = true, does = function(x)
  if not x:read() then return end
  x:send(answers.json(x:obey()))
  x.connection:close()
end }
add { "half close behind the answer", expect = "answer", obeys = true, does = function(x)
  if not x:read() then return end
  x:send(answers.json(x:obey()))
  x.connection:half_close()
end }
add { "Connection: close, and open", expect = "answer", obeys = true,
  does = rows.answer(function() end, "200 OK", "Connection: close\r\n") }
add { "Connection: close, and closed", expect = "answer", obeys = true, does = function(x)
  if not x:read() then return end
  x:send(answers.json(x:obey()), "200 OK", "Connection: close\r\n")
  x.connection:close()
end }

add { "the answer twice at once", expect = "answer", obeys = true,
  does = rows.raw(function(body) return whole(body):rep(2) end) }
add { "the answer twenty-five times", expect = "answer", obeys = true,
  does = rows.raw(function(body) return whole(body):rep(25) end) }
add { "half the answer again", expect = "answer", obeys = true, cuts = 25,
  does = rows.raw(function(body, _, cut)
    local bytes = whole(body)
    return bytes .. bytes:sub(1, rows.point(#bytes, cut, 25))
  end) }
add { "a newline behind the answer", expect = "answer", obeys = true,
  does = rows.raw(function(body) return whole(body) .. "\r\n" end) }
add { "the answer, then an error", expect = "answer", obeys = true,
  does = rows.raw(function(body) return whole(body) .. whole(HTML, "500 Oops") end) }
add { "an error, then the answer", expect = "lost", obeys = true,
  does = rows.raw(function(body) return whole(HTML, "500 Oops") .. whole(body) end) }
add { "the last answer again, in place of one", expect = "lost", reused = true, alone = true,
  does = function(x)
    -- What was kept of the connection's last answer comes before the request is read.
    x.connection:write(x.connection.last)
    x:read()
  end }

for _, early in ipairs { { "408 Request Timeout", "lost" }, { "503 No", "lost" },
    { "400 Bad Request", "stops" } } do
  local expect = early[2]
  add { early[1] .. " before the request was read", expect = expect, kind = "protocol",
    does = function(x)
      x.connection:write(whole(HTML, early[1]))
      x:read()
    end }
  add { early[1] .. " in the middle of the request", expect = expect, kind = "protocol", cuts = 25,
    does = function(x, cut)
      x.connection:take(12 * cut)
      x.connection:write(whole(HTML, early[1]))
      x.connection:half_close()
    end }
end
add { "408 to a connection that said nothing", expect = "lost",
  greets = whole(HTML, "408 Request Timeout") }

add { "the answer when the time is over", expect = "lost", obeys = true,
  alone = true, does = function(x)
    if not x:read() then return end
    local body = answers.json(x:obey())
    x.connection.wait_out()
    x.connection:wait() -- until the client is gone
    x.connection:write(whole(body))
    x.connection:close()
  end }
add { "the deed and the answer when the time is over", expect = "lost", obeys = true,
  alone = true, does = function(x)
    if not x:read() then return end
    x.connection.wait_out()
    x.connection:wait()
    x.connection:write(whole(answers.json(x:obey())))
    x.connection:close()
  end }

return list
