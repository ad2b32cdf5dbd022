-- The simulator's faults as a client sees them.

local cqueues = require "cqueues"
local condition = require "cqueues.condition"
local errno = require "cqueues.errno"
local client = require "spec.support.http_client"

describe("the simulator's faults", function()
  -- One request under a fault, then one without on a connection of its own.
  local function under(fault, act)
    client.with_server({ phones = { "a", "b" }, plan = { fault } }, function(server)
      local socket = client.connect(server)
      act(socket, server)
      socket:close()
      local other = client.connect(server)
      assert.equal(0, client.envelope(client.exchange(other, { "b" })).code)
      other:close()
      assert.equal(0, server.world.inFlight)
      assert.same(fault, server.world.requests[1].fault)
    end)
  end

  it("close before acting", function()
    under({ close = "before" }, function(socket, server)
      assert.is_nil(client.exchange(socket, { "a" }))
      assert.equal("stopped", server:state().phones.a)
      assert.is_false(server.world.requests[1].acted)
    end)
  end)

  it("close after acting", function()
    under({ close = "after" }, function(socket, server)
      assert.is_nil(client.exchange(socket, { "a" }))
      assert.is_nil(server:state().phones.a)
      assert.same({ "a" }, server.world.requests[1].deleted)
      assert.is_nil(server.world.requests[1].status)
    end)
  end)

  it("reset the connection, before or after acting", function()
    for _, moment in ipairs { "before", "after" } do
      under({ close = moment, reset = true }, function(socket, server)
        assert(socket:xwrite(client.request { "a" }))
        local nothing, why = socket:xread "*L"
        assert.is_nil(nothing)
        assert.equal(errno.ECONNRESET, why)
        assert.equal(moment == "after", server.world.requests[1].acted)
      end)
    end
  end)

  it("answer 429 with Retry-After, and nothing is done", function()
    under({ status = 429, headers = { ["Retry-After"] = "7" } }, function(socket, server)
      local reply = client.exchange(socket, { "a" })
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
      local reply = client.exchange(socket, { "a" })
      assert.equal(524, reply.status)
      assert.equal("", reply.body)
      assert.is_nil(server:state().phones.a)
    end)
  end)

  it("answer 502 with a body, and the connection goes on", function()
    under({ status = 502, body = '{"error":"x"}' }, function(socket)
      local reply = client.exchange(socket, { "a" })
      assert.equal(502, reply.status)
      assert.equal('{"error":"x"}', reply.body)
      assert.equal(0, client.envelope(client.exchange(socket, { "a" })).code)
    end)
  end)

  it("redirect", function()
    local fault = { status = 302, headers = { Location = "http://127.0.0.1:1/" } }
    under(fault, function(socket)
      local reply = client.exchange(socket, { "a" })
      assert.equal(302, reply.status)
      assert.equal("http://127.0.0.1:1/", reply.location)
    end)
  end)

  it("refuse with an envelope code, also under another status", function()
    under({ refuse = 40007, status = 403 }, function(socket, server)
      local reply = client.exchange(socket, { "a" })
      assert.equal(403, reply.status)
      assert.equal(40007, client.envelope(reply).code)
      assert.is_nil(client.envelope(reply).data)
      assert.equal("stopped", server:state().phones.a)
      assert.equal(40007, server.world.requests[1].code)
    end)
  end)

  it("put another code over good data", function()
    under({ code = 50000 }, function(socket, server)
      local reply = client.envelope(client.exchange(socket, { "a" }))
      assert.equal(50000, reply.code)
      assert.equal(1, reply.data.successAmount)
      assert.is_nil(server:state().phones.a)
    end)
  end)

  it("cut the body and the connection", function()
    under({ cut = 10 }, function(socket, server)
      local reply = client.exchange(socket, { "a" })
      assert.is_false(reply.whole)
      assert.equal(10, #reply.body)
      assert.is_nil(server:state().phones.a)
    end)
  end)

  it("chunk the body", function()
    under({ chunked = 16 }, function(socket)
      local reply = client.exchange(socket, { "a" })
      assert.equal(math.ceil(#reply.body / 16), reply.chunks)
      assert.equal(0, client.envelope(reply).code)
      assert.equal(1, client.envelope(client.exchange(socket, { "a" })).data.failAmount)
    end)
  end)

  it("let the body drip, chunked or not", function()
    under({ drip = { 40, 0.001 } }, function(socket)
      assert.equal(0, client.envelope(client.exchange(socket, { "a" })).code)
    end)
    under({ drip = { 40, 0.001 }, chunked = 40 }, function(socket)
      assert.equal(0, client.envelope(client.exchange(socket, { "a" })).code)
    end)
  end)

  it("cut a chunked body before its last chunk", function()
    under({ chunked = 8, cut = 16 }, function(socket)
      assert(socket:xwrite(client.request { "a" }))
      assert.equal("chunked", client.receive_head(socket)["transfer-encoding"])
      local rest = socket:xread "*a"
      assert.truthy(rest:find "^8\r\n........\r\n8\r\n........\r\n$")
    end)
  end)

  it("send a huge body", function()
    under({ huge = 9 * 1024 * 1024 }, function(socket)
      local reply = client.exchange(socket, { "a" })
      assert.equal(9 * 1024 * 1024, #reply.body)
      assert.is_true(reply.whole)
    end)
  end)

  it("survive a reader that goes away in the middle of it", function()
    under({ huge = 9 * 1024 * 1024 }, function(socket)
      assert(socket:xwrite(client.request { "a" }))
      assert.equal(200, client.receive_head(socket).status)
    end)
  end)

  it("close an idle connection that was promised to stay", function()
    under({ close_idle = 0 }, function(socket)
      local reply = client.exchange(socket, { "a" })
      assert.equal(0, client.envelope(reply).code)
      assert.is_nil(reply.connection)
      assert.is_nil(client.receive(socket))
    end)
  end)

  -- The state of the phone while a fault holds up the request, when it is answered, and the seconds
  -- between, which are over when the spec has seen the first.
  local function states_under(fault)
    local held, over, seconds = condition.new(), condition.new(), nil
    local sleep, held_up, answered = cqueues.sleep, nil, nil
    finally(function() cqueues.sleep = sleep end)
    function cqueues.sleep(time)
      seconds = time
      held:signal()
      over:wait()
    end
    client.with_server({ phones = { "a" }, plan = { fault } }, function(server)
      local socket = client.connect(server)
      assert(socket:xwrite(client.request { "a" }))
      while not seconds do held:wait() end
      assert.equal(1, server.world.inFlight)
      held_up = server:state().phones.a
      over:signal()
      assert.equal(0, client.envelope(client.receive(socket)).code)
      answered = server:state().phones.a
      socket:close()
    end)
    return held_up, answered, seconds
  end

  it("stall before the service acts", function()
    assert.same({ "stopped", nil, 0.3 }, { states_under { stall = 0.3 } })
  end)

  it("delay the answer after the service has acted", function()
    assert.same({ nil, nil, 0.3 }, { states_under { delay = 0.3 } })
  end)

  it("come from a function that sees the request", function()
    local seen = {}
    local function plan(request)
      seen[request.number] = request.ids[1]
      return request.ids[1] == "a" and { refuse = 41001 } or nil
    end
    client.with_server({ phones = { "a", "b" }, plan = plan }, function(server)
      local socket = client.connect(server)
      assert.equal(0, client.envelope(client.exchange(socket, { "b" })).code)
      assert.equal(41001, client.envelope(client.exchange(socket, { "a" })).code)
      assert.same({ "b", "a" }, seen)
      server.world:set_plan { { status = 500 } }
      assert.equal(500, client.exchange(socket, { "a" }).status)
      socket:close()
    end)
  end)
end)
