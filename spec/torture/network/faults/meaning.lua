-- Sound HTTP and JSON that say something else than "done": statuses, codes, pauses.

local answers = require "spec.torture.network.answer"
local rows = require "spec.torture.network.faults.rows"
local answer, body, code, refusal = rows.answer, rows.body, rows.code, rows.refusal

local HTML = "<html>no</html>"

local function as_it_is() end

local list = {}

local function add(row) list[#list + 1] = row end

for _, status in ipairs { "301 Moved", "302 Found", "303 See Other", "307 Temporary Redirect",
    "308 Permanent Redirect" } do
  add { status .. ", to the same server", expect = "stops", kind = "protocol",
    does = function(x)
      if not x:read() then return end
      x:send(HTML, status, ("Location: %s/open/v1/phone/delete\r\n"):format(x.server.url))
    end }
end
add { "300 without an address", expect = "stops", kind = "protocol",
  does = refusal(HTML, "300 Multiple Choices") }
add { "304", expect = "stops", kind = "protocol", does = refusal("", "304 Not Modified") }

for _, status in ipairs { 400, 402, 404, 405, 406, 411, 413, 414, 415, 421, 422, 425, 431, 451,
    499 } do
  add { status .. " without envelope", expect = "stops", kind = "protocol",
    does = refusal(HTML, status .. " No") }
end
for _, status in ipairs { 401, 403 } do
  add { status .. " without envelope", expect = "stops", kind = "auth",
    does = refusal(HTML, status .. " No", "WWW-Authenticate: Basic realm=a\r\n") }
end
add { "407", expect = "stops", kind = "protocol",
  does = refusal(HTML, "407 No", "Proxy-Authenticate: Basic realm=a\r\n") }
add { "429 without envelope", expect = "unsent", does = refusal(HTML, "429 Slow Down") }

for _, status in ipairs { 408, 500, 501, 502, 503, 504, 505, 507, 520, 521, 522, 523, 524, 599 } do
  add { status .. " without envelope", expect = "lost", does = refusal(HTML, status .. " No") }
  add { status .. " after the deed", obeys = true, expect = "lost",
    does = body(function() return "" end, status .. " No") }
end
for _, status in ipairs { "200 OK", "201 Created", "206 Partial Content", "302 Found", "400 Bad",
    "401 No", "403 No", "404 No", "408 Late", "429 Slow Down", "500 Oops", "503 No", "600 What",
    "999 What" } do
  add { status .. " with an honest answer", obeys = true, expect = "answer",
    does = answer(as_it_is, status) }
end
for _, status in ipairs { "204 No Content", "205 Reset Content" } do
  add { status .. " with a body", obeys = true, expect = "open",
    does = answer(as_it_is, status) }
end

for number, kind in pairs { [40002] = "auth", [40003] = "auth", [40011] = "refused",
    [40012] = "refused", [40013] = "auth", [40014] = "locked", [40015] = "auth", [40016] = "auth",
    [41001] = "refused", [46001] = "refused", [47002] = "locked", [90001] = "auth",
    [90004] = "auth" } do
  add { "code " .. number, expect = "stops", kind = kind, does = code(number) }
end
for _, number in ipairs { 12345, -1, 99999, 40001 * 10 } do
  add { "the unknown code " .. number, expect = "stops", kind = "refused", state = "unknown",
    does = code(number) }
end
for _, number in ipairs { 40000, 50000 } do
  add { "code " .. number, expect = "lost", does = code(number) }
  add { "code " .. number .. " after the deed", expect = "lost", obeys = true,
    does = answer(function(made) made.code = tostring(number) end) }
end
for _, number in ipairs { 40001, 40007, 40017 } do
  add { "code " .. number, expect = "unsent", does = code(number) }
end
for _, number in ipairs { 40004, 40005, 40010, 42001, 42099, 43009, 43099 } do
  add { "code " .. number .. " for all", expect = "halved", codes = { [number] = true },
    does = code(number) }
end
add { "code 40009 with nobody's name", expect = "halved", codes = { [40009] = true },
  does = code(40009) }
add { "code 40006 with data", obeys = true, expect = "answer",
  does = answer(function(made) made.code = "40006" end) }
add { "code 40006 without data", obeys = true, expect = "lost",
  does = answer(function(made) made.code, made.data = "40006", "null" end) }
-- Where nothing succeeds, the second time, these are honest.
add { "code 40009 with successes", obeys = true, expect = "open",
  does = answer(function(made) made.code = "40009" end) }
add { "code 40004 with successes", obeys = true, expect = "open",
  does = answer(function(made) made.code = "40004" end) }
add { "code 40003 with the traceId of another request", expect = "lost", later = true, alone = true,
  does = function(x)
    if not x:read() then return end
    local made = x:refuse(40003)
    made.trace_id = ('"%s"'):format(x.server.log[x.entry.number - 1].trace_id)
    x:send(answers.json(made))
  end }

-- A pause that is asked for; one over max_wait (120 s) ends the job.
local pauses = {
  { "0" }, { "1" }, { "119" }, { " 7 " }, { "-1" }, { "1e9" }, { "0x10" }, { "5;x" }, { "soon" },
  { "" }, { "1.5" }, { "Thu, 01 Jan 1970 00:00:00 GMT" }, { "Thu, 01 Jan 1970" },
  { "\255\254", name = "bytes above 127" },
  { "121", true }, { "99999", true }, { "99999999999999999999999999999", true },
  { "Fri, 01 Jan 2100 00:00:00 GMT", true },
}
for _, pause in ipairs(pauses) do
  local header = ("Retry-After: %s\r\n"):format(pause[1])
  local name = pause.name or pause[1]
  add { "503, Retry-After: " .. name, kind = "server", state = "unknown",
    expect = pause[2] and "stops" or "lost", does = refusal(HTML, "503 No", header) }
  add { "429, Retry-After: " .. name, kind = "quota",
    expect = pause[2] and "stops" or "unsent", does = refusal(HTML, "429 No", header) }
end
add { "503, Retry-After twice", expect = "lost",
  does = refusal(HTML, "503 No", "Retry-After: 1\r\nRetry-After: 2\r\n") }
add { "an honest answer with Retry-After", obeys = true, expect = "answer",
  does = answer(as_it_is, "200 OK", "Retry-After: 99999\r\n") }

return list
