-- The simulator on its own: the rules of the world in virtual time, then raw HTTP through
-- a socket, then the process. Nothing here goes through geelark.

local cqueues = require "cqueues"
local condition = require "cqueues.condition"
local errno = require "cqueues.errno"
local sockets = require "cqueues.socket"
local rand = require "openssl.rand"
local descriptors = require "spec.support.descriptors"
local json = require("cjson").new()
local simulator = require "geelark.simulator"
local answer = require "geelark.simulator.answer"
local credentials = require "geelark.simulator.credentials"
local limits = require "geelark.simulator.limits"
local phones = require "geelark.simulator.phones"
local plans = require "geelark.simulator.plan"
local worlds = require "geelark.simulator.world"
local certificates = require "spec.support.certificates"
local shell = require "spec.support.shell"
local support = require "spec.support.simulator"
local temporary = require "spec.support.temporary"

local DELETE = "/open/v1/phone/delete"
local STOP = "/open/v1/phone/stop"
local STATUS = "/open/v1/phone/status"
local TOKEN = "simulator"

local function hex(bytes)
  return (bytes:gsub(".", function(byte) return ("%02x"):format(byte:byte()) end))
end

local function uuid()
  local digits = hex(rand.bytes(16))
  return ("%s-%s-4%s-a%s-%s"):format(digits:sub(1, 8), digits:sub(9, 12),
    digits:sub(14, 16), digits:sub(18, 20), digits:sub(21, 32))
end

local function headers_of(more)
  local headers = {
    authorization = "Bearer " .. TOKEN, traceid = uuid(),
    ["content-type"] = "application/json",
  }
  for name, value in pairs(more or {}) do headers[name] = value or nil end
  return headers
end

local function post(path, body, more)
  if type(body) == "table" then body = json.encode { ids = body } end
  return { method = "POST", path = path, headers = headers_of(more), body = body }
end

-- The whole life of a request in a world.
local function ask(world, request, now)
  local visit = world:arrive(request, now)
  local reply = world:act(visit, now)
  world:leave(visit, reply.status, reply.code)
  return reply, visit
end

local function new_world(options)
  options.token = options.token or TOKEN
  return worlds.new(options)
end

describe("simulator ids", function()
  it("are 18 digits, neighbours 65,536 apart, exactly", function()
    local ids = simulator.ids(3)
    assert.same({ "528086321789535232", "528086321789600768", "528086321789666304" }, ids)
  end)

  it("stay exact and distinct where the lower half overflows", function()
    local ids, seen = simulator.ids(20000), {}
    for _, id in ipairs(ids) do
      assert.is_true(#id == 18 and not seen[id] and not id:find "%D")
      seen[id] = true
    end
    -- 789535232 + 19999 * 65536 = 2100189696
    assert.equal("528086323100189696", ids[20000])
  end)
end)

describe("simulator phones", function()
  it("refuse an unknown state and more states than phones", function()
    assert.has_error(function()
      phones.new { phones = { a = "asleep" }, stop_seconds = 0 }
    end, "phone a: unknown state 'asleep'")
    assert.has_error(function()
      phones.new { phones = 2, states = { started = 3 }, stop_seconds = 0 }
    end, "states: 2 phones can't have 3 states")
  end)

  it("are as many in each state as was asked for, missing ones not there", function()
    local mix = { started = 7, in_use = 3, missing = 5 }
    local all, count = phones.new { phones = 250, states = mix, stop_seconds = 0 }:all(0)
    local found = {}
    for _, state in pairs(all) do found[state] = (found[state] or 0) + 1 end
    assert.same({ started = 7, in_use = 3, stopped = 235 }, found)
    assert.equal(245, count)
  end)

  it("can be a list of ids or a map of states", function()
    local list = phones.new { phones = { "a", "b" }, stop_seconds = 0 }
    local map = phones.new { phones = { a = "started" }, stop_seconds = 0 }
    assert.same({ a = "stopped", b = "stopped" }, (list:all(0)))
    assert.same({ a = "started" }, (map:all(0)))
  end)

  it("stop after a while, and only then can be deleted", function()
    local account = phones.new { phones = { a = "started" }, stop_seconds = 2 }
    assert.is_nil(account:stop("a", 10))
    assert.is_nil(account:stop("a", 11)) -- a second stop delays nothing
    assert.equal(43009, account:delete("a", 11.9))
    assert.equal(0, account:status("a", 11.9))
    assert.equal(2, account:status("a", 12))
    assert.is_nil(account:delete("a", 12))
    assert.equal(42001, account:delete("a", 12))
  end)

  local rows = { -- state, refusal of delete, of stop, status
    { "stopped", nil, nil, 2 }, { "started", 43009, nil, 0 },
    { "starting", 43010, nil, 1 }, { "in_use", 43021, nil, 0 },
    { "executing", 43005, 43005, 0 }, { "connected", 43006, 43006, 0 },
    { "renewing", 43011, nil, 2 }, { "expired", 43004, nil, 3 },
    { nil, 42001, 42001, nil },
  }
  for i = 1, 9 do
    local state = rows[i][1]
    it("answer as the service does when " .. (state or "missing"), function()
      local account = phones.new { phones = { a = state }, stop_seconds = 5 }
      assert.equal(rows[i][4], (account:status("a", 0)))
      assert.equal(rows[i][3], (account:stop("a", 0)))
      assert.equal(rows[i][2], (account:delete("a", 0)))
    end)
  end
end)

describe("simulator credentials", function()
  local APP_ID, API_KEY = "eH6gQR4oHr3FsZpI36La01IW", "YjmFIUuq0oJgSDJ42fxLEb6R1qjjqf"
  local TRACE_ID, TS = "db6094ab-3797-4186-84d5-b0b58eebad56", "1716972892166"
  local SIGN = "6280C080AF7C3CCE168F15C913E3444A00A618CB0E16038EED9811D6E3366BDD"
  local NOW = 1716972892

  local function refusal(changes, now)
    local checker = credentials.new {
      token = "secret", app_id = APP_ID, api_key = API_KEY, tolerance = 300,
    }
    local headers = {
      appid = APP_ID, traceid = TRACE_ID, ts = TS, nonce = "db6094", sign = SIGN,
    }
    for name, value in pairs(changes) do headers[name] = value or nil end
    return checker:refusal(headers, now or NOW)
  end

  it("accept the documented signature", function()
    assert.equal(SIGN, credentials.sign(APP_ID, TRACE_ID, TS, "db6094", API_KEY))
    assert.is_nil(refusal {})
  end)

  local refused = {
    { "no traceId", { traceid = false }, 40002, "traceId missing" },
    { "a traceId of version 1", { traceid = "db6094ab-3797-1186-84d5-b0b58eebad56" },
      40002, "traceId is no version-4 UUID" },
    { "a traceId of another variant",
      { traceid = "db6094ab-3797-4186-c4d5-b0b58eebad56" }, 40002,
      "traceId is no version-4 UUID" },
    { "a traceId with a tail", { traceid = TRACE_ID .. "0" },
      40002, "traceId is no version-4 UUID" },
    { "another app", { appid = "other" }, 40003, "appId refused" },
    { "no ts", { ts = false }, 40003, "ts is no number of milliseconds" },
    { "a ts in seconds", { ts = "1716972892" }, 40003, "ts is not near the present" },
    { "a foreign nonce", { nonce = "db6095" }, 40003,
      "nonce is not the start of traceId" },
    { "a signature in lower case", { sign = SIGN:lower() }, 40003, "signature refused" },
    { "a signature of other values", { ts = "1716972892167" }, 40003,
      "signature refused" },
    { "a wrong token", { authorization = "Bearer secre" }, 40003, "token refused" },
    { "a token without Bearer", { authorization = "secret" }, 40003, "token refused" },
  }
  for _, row in ipairs(refused) do
    it("refuse " .. row[1], function()
      local code, why = refusal(row[2])
      assert.equal(row[3], code)
      assert.equal(row[4], why)
    end)
  end

  it("accept a token without a signature", function()
    assert.is_nil(refusal { authorization = "Bearer secret", sign = false, ts = false })
  end)

  it("allow for a clock that is off by the tolerance and no more", function()
    assert.is_nil(refusal({}, NOW + 299))
    assert.is_nil(refusal({}, NOW - 299))
    assert.equal(40003, (refusal({}, NOW + 301)))
    assert.equal(40003, (refusal({}, NOW - 301)))
  end)

  it("refuse a traceId that was seen before, whatever became of it", function()
    local checker = credentials.new { token = "secret", tolerance = 300 }
    local good = { authorization = "Bearer secret", traceid = TRACE_ID }
    assert.equal(40003, (checker:refusal({ traceid = TRACE_ID }, NOW)))
    local code, why = checker:refusal(good, NOW)
    assert.equal(40003, code)
    assert.equal("traceId was used before", why)
  end)

  it("accept nothing where nothing was agreed upon", function()
    local checker = credentials.new { tolerance = 300 }
    local code = checker:refusal({ traceid = uuid(), authorization = "Bearer " }, NOW)
    assert.equal(40003, code)
    assert.equal(40003, (checker:refusal({ traceid = uuid() }, NOW)))
  end)
end)

describe("simulator limits", function()
  it("refuse the 201st request of a minute until the next minute", function()
    local checker = limits.new { per_minute = 200, per_hour = 24000, minute = 60 }
    for _ = 1, 200 do assert.is_nil(checker:refusal(DELETE, 119)) end
    assert.equal(40007, (checker:refusal(DELETE, 119.9)))
    assert.is_nil(checker:refusal(STOP, 119.9)) -- each API has its own
    assert.is_nil(checker:refusal(DELETE, 120))
  end)

  it("lock for two hours whoever goes over the hour", function()
    local checker = limits.new { per_minute = 10, per_hour = 15, minute = 60 }
    for _ = 1, 10 do assert.is_nil(checker:refusal(DELETE, 0)) end
    for _ = 1, 5 do assert.is_nil(checker:refusal(STOP, 0)) end
    assert.equal(40014, (checker:refusal(DELETE, 60)))
    assert.equal(40014, (checker:refusal(STATUS, 60 + 7199)))
    assert.is_nil(checker:refusal(DELETE, 60 + 7200))
  end)

  it("scale hour and lock with the minute", function()
    local checker = limits.new { per_minute = 10, per_hour = 1, minute = 0.5 }
    assert.is_nil(checker:refusal(DELETE, 0))
    assert.equal(40014, (checker:refusal(DELETE, 29.9)))
    assert.equal(40014, (checker:refusal(DELETE, 29.9 + 59.9)))
    assert.is_nil(checker:refusal(DELETE, 29.9 + 60))
  end)
end)

describe("simulator world", function()
  it("refuses unknown options and half a pair of keys", function()
    assert.has_error(function() worlds.new { phnes = 3 } end,
      "options: unknown field 'phnes'")
    assert.has_error(function() worlds.new { phones = "3" } end,
      "options.phones: number|table expected, got string")
    assert.has_error(function() worlds.new { app_id = "a" } end,
      "options: app_id and api_key go together")
  end)

  it("deletes what it can and names the rest", function()
    local world = new_world { phones = { a = "stopped", b = "started", c = "stopped" } }
    local reply, visit = ask(world, post(DELETE, { "a", "b", "x" }), 5)
    assert.equal(40006, reply.code)
    assert.same({
      totalAmount = 3, successAmount = 1, failAmount = 2,
      failDetails = {
        { code = 43009, id = "b", msg = "env is started" },
        { code = 42001, id = "x", msg = "env not found" },
      },
    }, reply.data)
    assert.same({ "a" }, visit.deleted)
    assert.is_true(visit.acted)
    assert.same({ b = "started", c = "stopped" }, world:state(5).phones)
  end)

  it("says 0, 40006 and 40009 for all, some and none", function()
    local world = new_world { phones = { "a", "b" } }
    assert.equal(0, ask(world, post(DELETE, { "a" }), 0).code)
    assert.equal(40006, ask(world, post(DELETE, { "a", "b" }), 0).code)
    local none = ask(world, post(DELETE, { "a" }), 0)
    assert.equal(40009, none.code)
    assert.equal(1, none.data.failAmount)
  end)

  it("can say 0 although phones were refused", function()
    local world = new_world { phones = {}, batch_codes = false }
    local reply = ask(world, post(DELETE, { "a" }), 0)
    assert.equal(0, reply.code)
    assert.equal(1, reply.data.failAmount)
  end)

  it("stops phones and tells their status", function()
    local states = { a = "started", b = "connected", c = "expired" }
    local world = new_world { phones = states, stop_seconds = 1 }
    local stop = ask(world, post(STOP, { "a", "b", "x" }), 10)
    assert.equal(40006, stop.code)
    assert.same({ { id = "a", serialName = "phone a", status = 2 } },
      stop.data.successDetails)
    assert.equal(43006, stop.data.failDetails[1].code)
    assert.equal(42001, stop.data.failDetails[2].code)
    local status = ask(world, post(STATUS, { "a", "b", "c", "x" }), 11).data
    assert.equal(2, status.successDetails[1].status)
    assert.equal(0, status.successDetails[2].status)
    assert.equal(3, status.successDetails[3].status)
    assert.same({ { code = 42001, id = "x", msg = "env not found" } }, status.failDetails)
  end)

  local many = {}
  for i = 1, 101 do many[i] = "id" .. i end
  local bodies = {
    { "no JSON", "{", 40001 },
    { "a JSON string", '"ids"', 40001 },
    { "JSON too deep", ("["):rep(2000) .. ("]"):rep(2000), 40001 },
    { "no ids", "{}", 40004 },
    { "an empty list", '{"ids":[]}', 40004 },
    { "an object for ids", '{"ids":{"a":"b"}}', 40004 },
    { "101 ids", many, 40004 },
    { "an id that is a number", '{"ids":["a",528086321789535232]}', 40004 },
    { "an id that is null", '{"ids":["a",null]}', 40004 },
    { "an empty id", { "a", "" }, 40004 },
    { "an id set down as bad", { "a", "bad" }, 40004 },
  }
  for _, row in ipairs(bodies) do
    it("refuses " .. row[1] .. " as a whole", function()
      local world = new_world { phones = { "a" }, bad_ids = { "bad" } }
      local reply, visit = ask(world, post(DELETE, row[2]), 0)
      assert.equal(row[3], reply.code)
      assert.is_nil(reply.data)
      assert.is_false(visit.acted)
      assert.equal("stopped", world:state(0).phones.a)
    end)
  end

  it("takes 100 ids", function()
    local world = new_world { phones = 100 }
    assert.equal(0, ask(world, post(DELETE, simulator.ids(100)), 0).code)
    assert.equal(0, world:state(0).phoneCount)
  end)

  it("refuses a body that is not declared as JSON", function()
    local world = new_world { phones = { "a" } }
    local more = { ["content-type"] = "text/plain" }
    assert.equal(40001, ask(world, post(DELETE, { "a" }, more), 0).code)
  end)

  it("counts requests in flight and refuses those beyond its number", function()
    local world = new_world { phones = { "a", "b" }, max_in_flight = 1 }
    local first = world:arrive(post(DELETE, { "a" }), 0)
    local second = world:arrive(post(DELETE, { "b" }), 0)
    assert.equal(40017, world:act(second, 0).code)
    assert.equal(0, world:act(first, 0).code)
    world:leave(first, 200, 0)
    world:leave(second, 200, 40017)
    assert.equal(2, world:state(0).maxInFlight)
    assert.equal(0, world:state(0).inFlight)
    assert.equal(0, ask(world, post(DELETE, { "b" }), 0).code)
  end)

  it("applies the limits, and not to strangers' requests", function()
    local world = new_world { phones = { "a" }, requests_per_minute = 1, minute = 10 }
    local stranger = post(DELETE, { "a" }, { authorization = "x" })
    assert.equal(40003, ask(world, stranger, 0).code)
    assert.equal(0, ask(world, post(DELETE, { "a" }), 0).code)
    assert.equal(40007, ask(world, post(DELETE, { "a" }), 9.9).code)
    assert.equal(40009, ask(world, post(DELETE, { "a" }), 10).code)
  end)

  it("keeps a journal of what was asked and what was done", function()
    local world = new_world { phones = { "a" } }
    local request = post(DELETE, { "a", "b" })
    ask(world, request, 12.5)
    ask(world, post(DELETE, { "a" }, { authorization = "Bearer other" }), 13)
    local first, second = world.requests[1], world.requests[2]
    assert.same({
      number = 1, time = 12.5, method = "POST", path = DELETE, inFlight = 1,
      traceId = request.headers.traceid, ids = { "a", "b" }, deleted = { "a" },
      acted = true, status = 200, code = 40006,
    }, first)
    assert.equal(40003, second.refusal)
    assert.equal("token refused", second.why)
    assert.is_nil(json.encode(world.requests):find("other", 1, true))
  end)

  it("knows neither other paths nor other methods", function()
    local world = new_world {}
    assert.equal(404, ask(world, post("/open/v1/phone/list", {}), 0).status)
    local get = post(DELETE, "")
    get.method = "GET"
    assert.equal(405, ask(world, get, 0).status)
  end)
end)

describe("simulator plan", function()
  it("refuses entries that it doesn't understand", function()
    assert.has_error(function() plans.new { { oops = 1 } } end,
      "plan entry: unknown field 'oops'")
    assert.has_error(function() plans.new { { close = "soon" } } end,
      "plan entry.close: unknown value 'soon'")
    assert.has_error(function() plans.new { { status = "502" } } end,
      "plan entry.status: number expected, got string")
    assert.has_error(function() plans.new(7) end,
      "plan: list or function expected, got number")
    assert.has_error(function() plans.new(function() return { oops = 1 } end):next {} end,
      "plan entry: unknown field 'oops'")
  end)

  it("takes a list in order, false for no fault, and nothing after its end", function()
    local plan = plans.new { { code = 1 }, false, { code = 3, times = 2 } }
    local codes = {}
    for i = 1, 5 do codes[i] = plan:next({}).code or "none" end
    assert.same({ 1, "none", 3, 3, "none" }, codes)
  end)

  it("asks a function, also one that came as source", function()
    local plan = plans.new(function(number, visit)
      return { msg = visit.path .. number }
    end)
    assert.equal("/a1", plan:next({ path = "/a" }).msg)
    assert.equal("/b2", plan:next({ path = "/b" }).msg)
    local from_source = plans.new "return function(number) return { code = number } end"
    assert.equal(1, from_source:next({}).code)
    assert.has_error(function() plans.new "return (" end)
  end)
end)

describe("simulator answer", function()
  local reply = {
    status = 200, code = 40006, msg = "partial success", traceId = "t",
    data = {
      totalAmount = 3, successAmount = 1, failAmount = 2,
      failDetails = {
        { code = 42001, id = "528086321789535233", msg = "env" },
        { code = 43021, id = "0123", msg = "云" },
      },
    },
  }
  local START = '{"traceId":"t","code":40006,"msg":"partial success","data":'
  local AMOUNTS = '{"totalAmount":3,"successAmount":1,"failAmount":2'
  local rows = {
    { "the plain answer", {}, START .. AMOUNTS
      .. ',"failDetails":[{"code":42001,"id":"528086321789535233","msg":"env"},'
      .. '{"code":43021,"id":"0123","msg":"云"}]}}' },
    { "integer ids, digit for digit", { integer_ids = true }, START .. AMOUNTS
      .. ',"failDetails":[{"code":42001,"id":528086321789535233,"msg":"env"},'
      .. '{"code":43021,"id":"0123","msg":"云"}]}}' },
    { "numbers as strings", { string_numbers = true },
      '{"traceId":"t","code":"40006","msg":"partial success","data":'
      .. '{"totalAmount":"3","successAmount":"1","failAmount":"2"'
      .. ',"failDetails":[{"code":"42001","id":"528086321789535233","msg":"env"},'
      .. '{"code":"43021","id":"0123","msg":"云"}]}}' },
    { "no failDetails", { fail_details = "absent" }, START .. AMOUNTS .. "}}" },
    { "null failDetails", { fail_details = "null" },
      START .. AMOUNTS .. ',"failDetails":null}}' },
    { "empty failDetails", { fail_details = "empty" },
      START .. AMOUNTS .. ',"failDetails":[]}}' },
    { "a stranger", { fail_details = "empty", stranger = "9" }, START .. AMOUNTS
      .. ',"failDetails":[{"code":42001,"id":"9","msg":"env not found"}]}}' },
    { "wrong amounts", { fail_details = "empty", amounts = { successAmount = 7 } }, START
      .. '{"totalAmount":3,"successAmount":7,"failAmount":2,"failDetails":[]}}' },
    { "another code", { code = 0, msg = "成功", fail_details = "absent" },
      '{"traceId":"t","code":0,"msg":"成功","data":' .. AMOUNTS .. "}}" },
    { "another body", { body = "<html>" }, "<html>" },
    { "an empty body under a status", { status = 524 }, "" },
  }
  for _, row in ipairs(rows) do
    it("writes " .. row[1], function()
      assert.equal(row[3], (answer.body(reply, row[2])))
    end)
  end

  it("fills a body up to a size, and it stays JSON", function()
    local body = answer.body(reply, { huge = 100000 })
    assert.equal(100000, #body)
    assert.equal(40006, json.decode(body).code)
  end)
end)

-- Raw HTTP -----------------------------------------------------------------------------

-- Runs `client(server)` in a loop that holds a simulator. The simulator is closed whatever
-- happens; a failure of the client is the spec's.
local function with(options, client)
  local cq = cqueues.new()
  local server = simulator.new(options):listen():attach(cq)
  local finished = false
  cq:wrap(function()
    client(server)
    finished = true
    server:close()
  end)
  local ok, why = cq:loop(20)
  server:close()
  if not ok then error(why, 0) end
  assert(finished, "the client did not come to its end")
end

local function connect(server)
  local host, port = server.url:match "^https?://(.*):(%d+)$"
  local socket = sockets.connect { host = host, port = tonumber(port) }
  socket:onerror(function(_, _, why) return why end)
  socket:setmode("b", "bn")
  return socket
end

local function is_listening(server)
  local socket = connect(server)
  local connected = socket:connect(1)
  socket:close()
  return connected ~= nil
end

local function request_text(ids, more)
  local body = type(ids) == "string" and ids or json.encode { ids = ids }
  local headers = headers_of(more)
  headers["content-length"] = headers["content-length"] or #body
  local lines = { ("POST %s HTTP/1.1"):format(DELETE) }
  for name, value in pairs(headers) do lines[#lines + 1] = name .. ": " .. value end
  return table.concat(lines, "\r\n") .. "\r\n\r\n" .. body
end

local function receive_head(socket)
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

-- An answer: its head's fields, `body`, and `whole` where all of the body came.
local function receive(socket)
  local reply = receive_head(socket)
  if not reply then return nil end
  if reply["transfer-encoding"] then
    local pieces = {}
    repeat
      local size = tonumber((socket:xread "*L"):match "^%x+", 16)
      pieces[#pieces + 1] = size > 0 and socket:xread(size) or ""
      socket:xread "*L"
    until size == 0
    reply.body, reply.whole, reply.chunks = table.concat(pieces), true, #pieces - 1
  else
    local length = tonumber(reply["content-length"])
    reply.body = length > 0 and socket:xread(length) or ""
    reply.whole = #reply.body == length
  end
  return reply
end

local function exchange(socket, ids, more)
  assert(socket:xwrite(request_text(ids, more)))
  return receive(socket)
end

local function envelope(reply)
  return json.decode(reply.body)
end

describe("simulator over HTTP", function()
  it("listens on loopback addresses alone", function()
    assert.has_error(function() simulator.new { host = "0.0.0.0" } end,
      "options.host: a loopback address expected, got '0.0.0.0'")
  end)

  it("says where it can't listen", function()
    local first = simulator.new():listen()
    local port = tonumber(first.url:match "%d+$")
    local second = simulator.new { port = port }
    local ok, why = pcall(second.listen, second)
    second:close()
    first:close()
    assert.is_false(ok)
    assert.truthy(why:find("can't listen on 127.0.0.1 port " .. port, 1, true))
  end)

  it("answers several requests over one connection", function()
    with({ phones = { "a", "b" } }, function(server)
      local socket = connect(server)
      local first = exchange(socket, { "a" })
      assert.equal(200, first.status)
      assert.equal("application/json", first["content-type"])
      assert.equal(0, envelope(first).code)
      assert.equal(40006, envelope(exchange(socket, { "a", "b" })).code)
      assert.equal(1, server.connections)
      assert.equal(2, #server.world.requests)
      assert.equal(1, server.world.requests[2].connection)
      socket:close()
    end)
  end)

  it("echoes the traceId", function()
    with({ phones = { "a" } }, function(server)
      local socket, trace_id = connect(server), uuid()
      local headers = { traceid = trace_id }
      assert.equal(trace_id, envelope(exchange(socket, { "a" }, headers)).traceId)
      local again = envelope(exchange(socket, { "a" }, headers))
      assert.equal(40003, again.code)
      assert.equal("traceId was used before", again.msg)
      socket:close()
    end)
  end)

  it("checks a signature made now", function()
    with({ phones = { "a", "b" }, app_id = "app", api_key = "key" }, function(server)
      local socket = connect(server)
      local trace_id, ts = uuid(), ("%.0f"):format(os.time() * 1000)
      local nonce = trace_id:sub(1, 6)
      local signed = {
        authorization = false, appId = "app", traceid = trace_id, ts = ts, nonce = nonce,
        sign = credentials.sign("app", trace_id, ts, nonce, "key"),
      }
      assert.equal(0, envelope(exchange(socket, { "a" }, signed)).code)
      signed.traceid = uuid()
      signed.nonce = signed.traceid:sub(1, 6)
      assert.equal(40003, envelope(exchange(socket, { "b" }, signed)).code)
      -- With a pair agreed upon, the default token is none.
      assert.equal(40003, envelope(exchange(socket, { "b" })).code)
      socket:close()
    end)
  end)

  it("takes chunked requests", function()
    with({ phones = { "a" } }, function(server)
      local socket = connect(server)
      local body = '5\r\n{"ids\r\n8;x=y\r\n":["a"]}\r\n0\r\nTrailer: 1\r\n\r\n'
      local text = request_text(body, { ["transfer-encoding"] = "chunked" })
      assert(socket:xwrite(text))
      assert.equal(0, envelope(receive(socket)).code)
      assert.equal(40009, envelope(exchange(socket, { "a" })).code)
      socket:close()
    end)
  end)

  it("invites a body that waits for 100-continue", function()
    with({ phones = { "a" } }, function(server)
      local socket = connect(server)
      local head, body = request_text({ "a" }, { expect = "100-continue" })
        :match "^(.-\r\n\r\n)(.*)$"
      assert(socket:xwrite(head))
      assert.equal(100, receive_head(socket).status)
      assert(socket:xwrite(body))
      assert.equal(0, envelope(receive(socket)).code)
      socket:close()
    end)
  end)

  it("reads a request that comes byte by byte, and two that come at once", function()
    with({ phones = { "a", "b", "c" } }, function(server)
      local socket = connect(server)
      local text = request_text { "a" }
      for i = 1, #text do assert(socket:xwrite(text:sub(i, i))) end
      assert.equal(0, envelope(receive(socket)).code)
      assert(socket:xwrite(request_text { "b" } .. request_text { "c" }))
      assert.equal(0, envelope(receive(socket)).code)
      assert.equal(0, envelope(receive(socket)).code)
      socket:close()
    end)
  end)

  it("closes when asked to, and says so", function()
    with({ phones = { "a" } }, function(server)
      local socket = connect(server)
      local reply = exchange(socket, { "a" }, { connection = "close" })
      assert.equal("close", reply.connection)
      assert.is_nil(receive(socket))
      socket:close()
    end)
  end)

  local malformed = {
    { "no HTTP", "hello\r\n\r\n", 400 },
    { "a header without a colon", "POST / HTTP/1.1\r\nhello\r\n\r\n", 400 },
    { "a Content-Length that is none",
      "POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n", 400 },
    { "a body too large", "POST / HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n", 413 },
    { "a chunk without a size",
      "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", 400 },
  }
  for _, row in ipairs(malformed) do
    it("refuses " .. row[1] .. " and goes on with others", function()
      with({ phones = { "a" } }, function(server)
        local socket = connect(server)
        assert(socket:xwrite(row[2]))
        assert.equal(row[3], receive(socket).status)
        assert.is_nil(receive(socket))
        socket:close()
        assert.equal(0, #server.world.requests)
        local other = connect(server)
        assert.equal(0, envelope(exchange(other, { "a" })).code)
        other:close()
      end)
    end)
  end

  it("forgets a request whose body never came whole", function()
    with({ phones = { "a" } }, function(server)
      local socket = connect(server)
      assert(socket:xwrite(request_text('{"ids":["a"]}', { ["content-length"] = 100 })))
      socket:shutdown "w"
      assert.equal(400, receive(socket).status)
      socket:close()
      assert.equal("stopped", server:state().phones.a)
    end)
  end)

  it("serves many connections at once and counts them", function()
    with({ phones = 20, plan = { { stall = 0.3, times = 10 } } }, function(server)
      local ids, done, running = simulator.ids(20), 0, {}
      for i = 1, 10 do
        running[i] = connect(server)
        assert(running[i]:xwrite(request_text { ids[i] }))
      end
      for i = 1, 10 do
        if envelope(receive(running[i])).code == 0 then done = done + 1 end
        running[i]:close()
      end
      assert.equal(10, done)
      assert.equal(10, server:state().maxInFlight)
      assert.equal(0, server:state().inFlight)
      assert.equal(10, server:state().phoneCount)
    end)
  end)

  it("speaks TLS", function()
    local certs = certificates.new()
    with({ phones = { "a" }, tls = certs.good }, function(server)
      assert.truthy(server.url:find "^https://127%.0%.0%.1:%d+$")
      local socket = connect(server)
      assert(socket:starttls())
      assert.equal(0, envelope(exchange(socket, { "a" })).code)
      assert.equal(40009, envelope(exchange(socket, { "a" })).code)
      socket:close()
    end)
    certs:remove()
  end)
end)

describe("simulator faults", function()
  -- One request under a fault, then one without on a connection of its own.
  local function under(fault, client)
    with({ phones = { "a", "b" }, plan = { fault } }, function(server)
      local socket = connect(server)
      client(socket, server)
      socket:close()
      local other = connect(server)
      assert.equal(0, envelope(exchange(other, { "b" })).code)
      other:close()
      assert.equal(0, server.world.inFlight)
      assert.same(fault, server.world.requests[1].fault)
    end)
  end

  it("close before acting", function()
    under({ close = "before" }, function(socket, server)
      assert.is_nil(exchange(socket, { "a" }))
      assert.equal("stopped", server:state().phones.a)
      assert.is_false(server.world.requests[1].acted)
    end)
  end)

  it("close after acting", function()
    under({ close = "after" }, function(socket, server)
      assert.is_nil(exchange(socket, { "a" }))
      assert.is_nil(server:state().phones.a)
      assert.same({ "a" }, server.world.requests[1].deleted)
      assert.is_nil(server.world.requests[1].status)
    end)
  end)

  it("reset the connection, before or after acting", function()
    for _, moment in ipairs { "before", "after" } do
      under({ close = moment, reset = true }, function(socket, server)
        assert(socket:xwrite(request_text { "a" }))
        local nothing, why = socket:xread "*L"
        assert.is_nil(nothing)
        assert.equal(errno.ECONNRESET, why)
        assert.equal(moment == "after", server.world.requests[1].acted)
      end)
    end
  end)

  it("answer 429 with Retry-After, and nothing is done", function()
    under({ status = 429, headers = { ["Retry-After"] = "7" } }, function(socket, server)
      local reply = exchange(socket, { "a" })
      assert.equal(429, reply.status)
      assert.equal("7", reply["retry-after"])
      assert.equal("", reply.body)
      assert.equal("stopped", server:state().phones.a)
      assert.is_nil(server.world.requests[1].code)
      assert.equal(429, server.world.requests[1].status)
    end)
  end)

  it("answer an empty 524 after acting", function()
    under({ status = 524, act = true }, function(socket, server)
      local reply = exchange(socket, { "a" })
      assert.equal(524, reply.status)
      assert.equal("", reply.body)
      assert.is_nil(server:state().phones.a)
    end)
  end)

  it("answer 502 with a body, and the connection goes on", function()
    under({ status = 502, body = '{"error":"x"}' }, function(socket)
      local reply = exchange(socket, { "a" })
      assert.equal(502, reply.status)
      assert.equal('{"error":"x"}', reply.body)
      assert.equal(0, envelope(exchange(socket, { "a" })).code)
    end)
  end)

  it("redirect", function()
    local fault = { status = 302, headers = { Location = "http://127.0.0.1:1/" } }
    under(fault, function(socket)
      local reply = exchange(socket, { "a" })
      assert.equal(302, reply.status)
      assert.equal("http://127.0.0.1:1/", reply.location)
    end)
  end)

  it("refuse with an envelope code, also under another status", function()
    under({ refuse = 40007, status = 403 }, function(socket, server)
      local reply = exchange(socket, { "a" })
      assert.equal(403, reply.status)
      assert.equal(40007, envelope(reply).code)
      assert.is_nil(envelope(reply).data)
      assert.equal("stopped", server:state().phones.a)
      assert.equal(40007, server.world.requests[1].code)
    end)
  end)

  it("put another code over good data", function()
    under({ code = 50000 }, function(socket, server)
      local reply = envelope(exchange(socket, { "a" }))
      assert.equal(50000, reply.code)
      assert.equal(1, reply.data.successAmount)
      assert.is_nil(server:state().phones.a)
    end)
  end)

  it("cut the body and the connection", function()
    under({ cut = 10 }, function(socket, server)
      local reply = exchange(socket, { "a" })
      assert.is_false(reply.whole)
      assert.equal(10, #reply.body)
      assert.is_nil(server:state().phones.a)
    end)
  end)

  it("chunk the body", function()
    under({ chunked = 16 }, function(socket)
      local reply = exchange(socket, { "a" })
      assert.equal(math.ceil(#reply.body / 16), reply.chunks)
      assert.equal(0, envelope(reply).code)
      assert.equal(40009, envelope(exchange(socket, { "a" })).code)
    end)
  end)

  it("let the body drip, chunked or not", function()
    under({ drip = { 40, 0.001 } }, function(socket)
      assert.equal(0, envelope(exchange(socket, { "a" })).code)
    end)
    under({ drip = { 40, 0.001 }, chunked = 40 }, function(socket)
      assert.equal(0, envelope(exchange(socket, { "a" })).code)
    end)
  end)

  it("cut a chunked body before its last chunk", function()
    under({ chunked = 8, cut = 16 }, function(socket)
      assert(socket:xwrite(request_text { "a" }))
      assert.equal("chunked", receive_head(socket)["transfer-encoding"])
      local rest = socket:xread "*a"
      assert.truthy(rest:find "^8\r\n........\r\n8\r\n........\r\n$")
    end)
  end)

  it("send a huge body", function()
    under({ huge = 9 * 1024 * 1024 }, function(socket)
      local reply = exchange(socket, { "a" })
      assert.equal(9 * 1024 * 1024, #reply.body)
      assert.is_true(reply.whole)
    end)
  end)

  it("survive a reader that goes away in the middle of it", function()
    under({ huge = 9 * 1024 * 1024 }, function(socket)
      assert(socket:xwrite(request_text { "a" }))
      assert.equal(200, receive_head(socket).status)
    end)
  end)

  it("close an idle connection that was promised to stay", function()
    under({ close_idle = 0 }, function(socket)
      local reply = exchange(socket, { "a" })
      assert.equal(0, envelope(reply).code)
      assert.is_nil(reply.connection)
      assert.is_nil(receive(socket))
    end)
  end)

  it("stall before the deed", function()
    local arrived = condition.new()
    local function plan()
      arrived:signal()
      return { stall = 0.3 }
    end
    with({ phones = { "a" }, plan = plan }, function(server)
      local socket = connect(server)
      assert(socket:xwrite(request_text { "a" }))
      arrived:wait()
      assert.equal("stopped", server:state().phones.a)
      assert.equal(0, envelope(receive(socket)).code)
      assert.is_nil(server:state().phones.a)
      socket:close()
    end)
  end)

  it("delay the answer to a deed, also beyond the client's patience", function()
    under({ delay = 0.05 }, function(socket, server)
      local before = cqueues.monotime()
      assert.equal(0, envelope(exchange(socket, { "a" })).code)
      assert.is_true(cqueues.monotime() - before >= 0.05)
      assert.is_nil(server:state().phones.a)
    end)
  end)

  it("come from a function that sees the request", function()
    local seen = {}
    local function plan(number, visit)
      seen[number] = visit.ids[1]
      return visit.ids[1] == "a" and { refuse = 41001 } or nil
    end
    with({ phones = { "a", "b" }, plan = plan }, function(server)
      local socket = connect(server)
      assert.equal(0, envelope(exchange(socket, { "b" })).code)
      assert.equal(41001, envelope(exchange(socket, { "a" })).code)
      assert.same({ "b", "a" }, seen)
      server:set_plan { { status = 500 } }
      assert.equal(500, exchange(socket, { "a" }).status)
      socket:close()
    end)
  end)
end)

describe("simulator server", function()
  it("leaves no descriptor behind, also when closed in the middle", function()
    collectgarbage()
    collectgarbage()
    local before = descriptors()
    for _ = 1, 5 do
      local arrived = condition.new()
      local function plan()
        arrived:signal()
        return { delay = 60 }
      end
      with({ phones = { "a" }, plan = plan }, function(server)
        local socket = connect(server)
        assert(socket:xwrite(request_text { "a" }))
        arrived:wait()
        assert.equal(1, server.world.inFlight)
        socket:close()
      end)
    end
    simulator.new():close()
    simulator.new():listen():close()
    collectgarbage()
    collectgarbage()
    assert.equal(before, descriptors())
  end)

  it("ends its connections at once when it is closed", function()
    local arrived = condition.new()
    local function plan()
      arrived:signal()
      return { delay = 60 }
    end
    with({ phones = { "a" }, plan = plan }, function(server)
      local idle, busy = connect(server), connect(server)
      assert(idle:connect())
      assert(busy:xwrite(request_text { "a" }))
      arrived:wait()
      collectgarbage "stop" -- so that no socket is closed by the collector
      server:close()
      assert.is_nil(receive(busy))
      assert.is_nil(receive(idle))
      collectgarbage "restart"
      busy:close()
      idle:close()
    end)
  end)

  it("can be closed twice, and refuses connections then", function()
    local server = simulator.new():listen()
    server:close()
    server:close()
    assert.is_false(is_listening(server))
  end)

  it("names the Debian package of what it lacks", function()
    local source = [[
      package.preload[%q] = function() error "not installed" end
      local ok, why = pcall(require, "geelark.simulator")
      print(ok, why)]]
    for module, package in pairs {
      cqueues = "lua-cqueues", ["openssl.digest"] = "lua-luaossl", cjson = "lua-cjson",
    } do
      local run = io.popen(shell.run_lua(source:format(module)), "r")
      local said = run:read "*a"
      run:close()
      assert.truthy(said:find("apt-get install " .. package, 1, true), said)
    end
  end)
end)

describe("simulator process", function()
  -- A blocking exchange with a simulator that is another process.
  local function call(sim, ids)
    local socket = connect(sim)
    local reply = exchange(socket, ids)
    socket:close()
    return reply
  end

  it("is started, looked at, given plans, and stopped", function()
    local sim = support.start { phones = 3, states = { started = 1 } }
    local ids = simulator.ids(3)
    assert.equal(40006, envelope(call(sim, ids)).code)
    assert.same({ [ids[2]] = "started" }, sim:state().phones)
    sim:plan { { status = 502 }, { close = "before" } }
    assert.equal(502, call(sim, ids).status)
    assert.is_nil(call(sim, ids))
    sim:plan "return function(n) if n == 1 then return { refuse = 46001 } end end"
    assert.equal(46001, envelope(call(sim, ids)).code)
    sim:set { [ids[1]] = "expired", [ids[2]] = "missing" }
    local state = sim:state()
    assert.same({ [ids[1]] = "expired" }, state.phones)
    assert.equal(1, state.phoneCount)
    assert.equal(4, #state.requests)
    assert.equal(4, state.connections)
    assert.equal(1, state.maxInFlight)
    assert.same(ids, state.requests[1].ids)
    assert.same({ ids[1], ids[3] }, state.requests[1].deleted)
    sim:stop()
    sim:stop()
    assert.has_error(function() sim:state() end, "the simulator was stopped")
    assert.is_false(is_listening(sim))
  end)

  it("says what is wrong with an order and goes on", function()
    local sim = support.start { phones = 1 }
    assert.has_error(function() sim:plan { { oops = 1 } } end,
      "simulator: plan entry: unknown field 'oops'")
    assert.equal(1, sim:state().phoneCount)
    sim:stop()
  end)

  it("carries a large world through the pipe", function()
    local sim = support.start { phones = 20000 }
    assert.equal(20000, sim:state().phoneCount)
    sim:stop()
  end)

  it("that can't start is an error, and nothing is left waiting", function()
    local sim = simulator.new():listen()
    local port = tonumber(sim.url:match "%d+$")
    -- Its complaint goes to standard error, which is no part of the spec's output.
    local source = ("require('spec.support.simulator').start { port = %d }"):format(port)
    local run = io.popen(shell.run_lua(source) .. " 2>&1", "r")
    local said = run:read "*a"
    run:close()
    sim:close()
    assert.truthy(said:find("can't listen on 127.0.0.1 port " .. port, 1, true), said)
    assert.truthy(said:find("the simulator did not start", 1, true), said)
  end)

  -- A process that starts a simulator, tells its URL and kills itself. The simulator has
  -- inherited the pipe that is read here, so the pipe's end is the simulator's end.
  it("ends with the process that started it, even a killed one", function()
    local source = [[
      local certs = require("spec.support.certificates").new()
      local sim = require("spec.support.simulator").start { phones = 1 }
      io.write(sim.url, " ", certs.ca_file, "\n")
      io.flush()
      os.execute "kill -9 $PPID"]]
    local run = io.popen(shell.run_lua(source) .. " 2>&1", "r")
    local url, file = run:read("*l"):match "^(http%S+) (%S+)$"
    run:read "*a"
    run:close()
    assert.is_false(is_listening { url = url })
    assert.is_nil((io.open(file)))
  end)

  it("for people prints what geelark reads, and serves until it is ended", function()
    -- Without control it is told nothing: it is ended by its process number.
    local source = 'require("geelark.simulator").main { phones = 2 }'
    local run = io.popen("echo $$; " .. shell.run_lua(source), "r")
    local pid = run:read "*n"
    run:read "*l"
    local ready = "^export GEELARK_BASE_URL=(http://%S+) GEELARK_TOKEN=simulator$"
    local url = run:read("*l"):match(ready)
    local reply = call({ url = url }, simulator.ids(2))
    os.execute(("kill %d"):format(pid))
    run:read "*a"
    run:close()
    assert.equal(0, envelope(reply).code)
  end)

  it("prints no credentials that were given", function()
    local source = 'require("geelark.simulator").main({ token = "secret" }, true)'
    local run = io.popen("printf '' | (" .. shell.run_lua(source) .. ") 2>&1", "r")
    local said = run:read "*a"
    run:close()
    assert.truthy(said:find "^export GEELARK_BASE_URL=http://%S+\n")
    assert.is_nil(said:find("secret", 1, true))
  end)
end)

describe("temporary directory", function()
  it("is there, takes files, and is gone when removed", function()
    local directory = temporary.new()
    local path = directory:write("a file", "content")
    local file = assert(io.open(path))
    assert.equal("content", file:read "*a")
    file:close()
    directory:remove()
    directory:remove()
    assert.is_nil((io.open(path)))
    assert.is_nil((io.open(directory.path)))
  end)
end)
