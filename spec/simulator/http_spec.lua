-- The simulator over HTTP, byte for byte.

local certificates = require "spec.support.certificates"
local client = require "spec.support.http_client"
local condition = require "cqueues.condition"
local cqueues = require "cqueues"
local credentials = require "geelark.simulator.credentials"
local phones = require "geelark.simulator.phones"
local requests = require "spec.support.requests"
local servers = require "geelark.simulator.http.server"

describe("the simulator over HTTP", function()
  it("listens on loopback addresses alone", function()
    assert.has_error(function() servers.new { host = "0.0.0.0" } end,
      "host: loopback address expected, got 0.0.0.0")
  end)

  it("says where it can't listen", function()
    local first = servers.new():listen()
    local port = tonumber(first.url:match "%d+$")
    local second = servers.new { port = port }
    local ok, why = pcall(second.listen, second)
    second:close()
    first:close()
    assert.is_false(ok)
    assert.truthy(why:find("can't listen on 127.0.0.1 port " .. port, 1, true))
  end)

  it("answers several requests over one connection", function()
    client.with_server({ phones = { "a", "b" } }, function(server)
      local socket = client.connect(server)
      local first = client.exchange(socket, { "a" })
      assert.equal(200, first.status)
      assert.equal("application/json", first["content-type"])
      assert.matches("^%a%a%a, %d%d %a%a%a %d%d%d%d %d%d:%d%d:%d%d GMT$", first.date)
      assert.equal(0, client.envelope(first).code)
      assert.equal(1, client.envelope(client.exchange(socket, { "a", "b" })).data.failAmount)
      assert.equal(1, server.connections)
      assert.equal(2, #server.world.requests)
      assert.equal(1, server.world.requests[2].connection)
      socket:close()
    end)
  end)

  it("echoes the traceId", function()
    client.with_server({ phones = { "a" } }, function(server)
      local socket, trace_id = client.connect(server), requests.uuid()
      local headers = { traceid = trace_id }
      assert.equal(trace_id, client.envelope(client.exchange(socket, { "a" }, headers)).traceId)
      local again = client.envelope(client.exchange(socket, { "a" }, headers))
      assert.equal(40003, again.code)
      assert.equal("traceId was used before", again.msg)
      socket:close()
    end)
  end)

  it("checks a signature made now", function()
    client.with_server({ phones = { "a", "b" }, app_id = "app", api_key = "key" }, function(server)
      local socket = client.connect(server)
      local trace_id, ts = requests.uuid(), ("%.0f"):format(os.time() * 1000)
      local nonce = trace_id:sub(1, 6)
      local signed = {
        authorization = false, appId = "app", traceid = trace_id, ts = ts, nonce = nonce,
        sign = credentials.sign("app", trace_id, ts, nonce, "key"),
      }
      assert.equal(0, client.envelope(client.exchange(socket, { "a" }, signed)).code)
      signed.traceid = requests.uuid()
      signed.nonce = signed.traceid:sub(1, 6)
      assert.equal(40003, client.envelope(client.exchange(socket, { "b" }, signed)).code)
      -- With a pair agreed upon, the default token is none.
      assert.equal(40003, client.envelope(client.exchange(socket, { "b" })).code)
      socket:close()
    end)
  end)

  it("takes chunked requests", function()
    client.with_server({ phones = { "a" } }, function(server)
      local socket = client.connect(server)
      local body = '5\r\n{"ids\r\n8;x=y\r\n":["a"]}\r\n0\r\nTrailer: 1\r\n\r\n'
      local text = client.request(body, { ["transfer-encoding"] = "chunked" })
      assert(socket:xwrite(text))
      assert.equal(0, client.envelope(client.receive(socket)).code)
      assert.equal(1, client.envelope(client.exchange(socket, { "a" })).data.failAmount)
      socket:close()
    end)
  end)

  it("invites a body that waits for 100-continue", function()
    client.with_server({ phones = { "a" } }, function(server)
      local socket = client.connect(server)
      local head, body = client.request({ "a" }, { expect = "100-continue" })
        :match "^(.-\r\n\r\n)(.*)$"
      assert(socket:xwrite(head))
      assert.equal(100, client.receive_head(socket).status)
      assert(socket:xwrite(body))
      assert.equal(0, client.envelope(client.receive(socket)).code)
      socket:close()
    end)
  end)

  it("reads a request that comes byte by byte, and two that come at once", function()
    client.with_server({ phones = { "a", "b", "c" } }, function(server)
      local socket = client.connect(server)
      local text = client.request { "a" }
      for i = 1, #text do assert(socket:xwrite(text:sub(i, i))) end
      assert.equal(0, client.envelope(client.receive(socket)).code)
      assert(socket:xwrite(client.request { "b" } .. client.request { "c" }))
      assert.equal(0, client.envelope(client.receive(socket)).code)
      assert.equal(0, client.envelope(client.receive(socket)).code)
      socket:close()
    end)
  end)

  it("closes when asked to, and says so", function()
    client.with_server({ phones = { "a" } }, function(server)
      local socket = client.connect(server)
      local reply = client.exchange(socket, { "a" }, { connection = "close" })
      assert.equal("close", reply.connection)
      assert.is_nil(client.receive(socket))
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
      client.with_server({ phones = { "a" } }, function(server)
        local socket = client.connect(server)
        assert(socket:xwrite(row[2]))
        assert.equal(row[3], client.receive(socket).status)
        assert.is_nil(client.receive(socket))
        socket:close()
        assert.equal(0, #server.world.requests)
        local other = client.connect(server)
        assert.equal(0, client.envelope(client.exchange(other, { "a" })).code)
        other:close()
      end)
    end)
  end

  it("forgets a request whose body never came whole", function()
    client.with_server({ phones = { "a" } }, function(server)
      local socket = client.connect(server)
      assert(socket:xwrite(client.request('{"ids":["a"]}', { ["content-length"] = 100 })))
      socket:shutdown "w"
      assert.equal(400, client.receive(socket).status)
      socket:close()
      assert.equal("stopped", server:state().phones.a)
    end)
  end)

  it("serves many connections at once and counts them", function()
    -- Each is held up until all are there.
    local sleep, all, held = cqueues.sleep, condition.new(), 0
    finally(function() cqueues.sleep = sleep end)
    function cqueues.sleep()
      held = held + 1
      if held == 10 then all:signal() else all:wait() end
    end
    client.with_server({ phones = 20, plan = { { stall = 1, times = 10 } } }, function(server)
      local ids, done, running = phones.ids(20), 0, {}
      for i = 1, 10 do
        running[i] = client.connect(server)
        assert(running[i]:xwrite(client.request { ids[i] }))
      end
      for i = 1, 10 do
        if client.envelope(client.receive(running[i])).code == 0 then done = done + 1 end
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
    client.with_server({ phones = { "a" }, tls = certs.good }, function(server)
      assert.truthy(server.url:find "^https://127%.0%.0%.1:%d+$")
      local socket = client.connect(server)
      assert(socket:starttls())
      assert.equal(0, client.envelope(client.exchange(socket, { "a" })).code)
      assert.equal(1, client.envelope(client.exchange(socket, { "a" })).data.failAmount)
      socket:close()
    end)
    certs:remove()
  end)
end)
