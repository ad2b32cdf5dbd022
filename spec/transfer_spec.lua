-- Requests on the wire: to whom they go, what they are, and over how many connections.

local geelark = require "geelark"
local certificates = require "spec.support.certificates"
local contexts = require "openssl.ssl.context" -- Debian: lua-luaossl
local hurried_clock = require "spec.support.hurried_clock"
local pkey = require "openssl.pkey"
local played = require "spec.support.played"
local shell = require "spec.support.shell"
local simulator = require "geelark.simulator"
local start = require("spec.support.simulator").start
local x509 = require "openssl.x509"

describe("a TLS server", function()
  local certs, sim
  setup(function() certs = certificates.new() end)
  teardown(function() certs:remove() end)
  after_each(function() if sim then sim:stop() sim = nil end end)

  for _, name in ipairs { "unknown", "other_host", "expired" } do
    it("with a bad certificate (" .. name .. ") is refused and gets nothing", function()
      sim = start { phones = 3, tls = certs[name] }
      local result, err = geelark.delete(simulator.ids(3),
        { token = "simulator", base_url = sim.url, ca_file = certs.ca_file })
      assert.is_nil(result)
      assert.equal("tls", err.kind)
      assert.equal(3, #err.result.pendingIds)
      assert.equal(0, #sim:state().requests)
    end)
  end

  it("is refused where only the system's authorities are known", function()
    sim = start { phones = 3, tls = certs.good }
    local _, err = geelark.delete(simulator.ids(3), { token = "simulator", base_url = sim.url })
    assert.equal("tls", err.kind)
    assert.equal(0, #sim:state().requests)
  end)

  it("that speaks no TLS at all gets nothing", function()
    sim = start { phones = 3 }
    local _, err = geelark.delete(simulator.ids(3), { token = "simulator", attempts = 1,
      base_url = (sim.url:gsub("^http:", "https:")) })
    assert.equal("tls", err.kind)
    assert.equal(0, #sim:state().requests)
    assert.equal(3, #err.result.pendingIds)
  end)

  it("with a good certificate deletes phones", function()
    sim = start { phones = 250, states = { started = 5 }, tls = certs.good }
    local result = assert(geelark.delete(simulator.ids(250),
      { token = "simulator", base_url = sim.url, ca_file = certs.ca_file }))
    assert.equal(245, result.successAmount)
    assert.equal(5, result.failAmount)
  end)

  it("whose answer is cut has lost it", function()
    sim = start { phones = 5, tls = certs.good, plan = { { cut = 40 } } }
    local result = assert(geelark.delete(simulator.ids(5),
      { token = "simulator", base_url = sim.url, ca_file = certs.ca_file,
        clock = hurried_clock() }))
    assert.equal(5, #result.presumedIds)
  end)
end)

describe("a request on the wire", function()
  local server
  after_each(function() server:close() end)

  it("is HTTP/1.1 with the headers that a transport is handed, and those of its length", function()
    server = played()
    local job = geelark.start({ "a1" }, { token = "t", base_url = server.url .. "/path" })
    local request = server:accept(job):read(job)
    assert.equal("POST /path/open/v1/phone/delete HTTP/1.1", request.line)
    local uuid
    for i, header in ipairs(request.headers) do
      uuid = uuid or header:match "^traceId: (%x+%-%x+%-4%x+%-%x+%-%x+)$"
      request.headers[i] = header:gsub("^traceId: .*", "traceId")
    end
    assert.is_string(uuid)
    local expected = { "Host: " .. server.url:match "//(.*)", "Content-Length: " .. #request.body,
      "Content-Type: application/json", "Accept: application/json", "Accept-Encoding: identity",
      "User-Agent: " .. geelark._VERSION:gsub(" ", "/"), "Authorization: Bearer t", "traceId" }
    table.sort(expected)
    table.sort(request.headers)
    assert.same(expected, request.headers)
    assert.equal('{"ids":["a1"]}', request.body)
  end)

  it("is HTTP/1.1 over TLS, too: nothing else is offered", function()
    local certs, offered = certificates.new(), nil
    finally(function() certs:remove() end)
    local context = contexts.new("TLS", true)
    context:setCertificate(x509.new(certs.good.certificate))
    context:setPrivateKey(pkey.new(certs.good.key))
    context:setAlpnSelect(function(_, protocols)
      offered = protocols
      return protocols[1]
    end)
    server = played(context)
    local job = geelark.start({ "a1" },
      { token = "t", base_url = server.url, ca_file = certs.ca_file })
    local request = server:accept(job):read(job)
    assert.same({ "http/1.1" }, offered)
    assert.equal("POST /open/v1/phone/delete HTTP/1.1", request.line)
  end)
end)

describe("connections", function()
  local certs, sim
  setup(function() certs = certificates.new() end)
  teardown(function() certs:remove() end)
  after_each(function() sim:stop() end)

  for _, scheme in ipairs { "http", "https" } do
    for _, concurrency in ipairs { 1, 2, 5 } do
      it(("are no more than the requests at once: %d over %s"):format(concurrency, scheme),
        function()
          sim = start { phones = 30, tls = scheme == "https" and certs.good or nil,
            plan = { { delay = 0.01, times = 30 } } }
          local result = assert(geelark.delete(simulator.ids(30), { token = "simulator",
            base_url = sim.url, ca_file = certs.ca_file, chunk_size = 1,
            concurrency = concurrency }))
          local state = sim:state()
          assert.equal(30, result.successAmount)
          assert.is_true(state.connections <= concurrency, state.connections .. " connections")
          assert.is_true(state.maxInFlight <= concurrency, state.maxInFlight .. " in flight")
        end)
    end
  end
end)

describe("a kept connection", function()
  local sim
  after_each(function() sim:stop() end)

  it("that was closed meanwhile is no lost answer", function()
    sim = start { phones = 4, plan = { { close_idle = 0 } } }
    local ids = simulator.ids(4)
    local client = assert(geelark.new { token = "simulator", base_url = sim.url })
    assert.equal(2, assert(client:delete { ids[1], ids[2] }).successAmount)
    while sim:state().openConnections > 0 do assert.equal(1, #sim:state().requests) end
    local second = assert(client:delete { ids[3], ids[4] })
    assert.equal(2, second.successAmount)
    assert.same({}, second.presumedIds)
    assert.equal(1, second.requests[1].attempts)
    client:close()
  end)

  for how, fault in pairs { closes = { close = "after" },
    ["is reset"] = { close = "after", reset = true } } do
    it("that " .. how .. " after the deed makes libcurl send nothing again by itself", function()
      sim = start { phones = 4, plan = { false, fault } }
      local ids = simulator.ids(4)
      local result, err = geelark.delete(ids, { token = "simulator", base_url = sim.url,
        chunk_size = 2, concurrency = 1, clock = hurried_clock() })
      local state = sim:state()
      assert.is_nil(err)
      assert.same({ ids[3], ids[4] }, result.presumedIds)
      assert.equal(2, result.requests[2].attempts)
      assert.equal(3, #state.requests)
      assert.not_equal(state.requests[2].traceId, state.requests[3].traceId)
    end)
  end
end)

describe("without a descriptor for a connection", function()
  it("every id is pending, and nobody is told of a request", function()
    local script = [[
      local geelark = require "geelark"
      local held = {}
      repeat
        local file = io.open "/dev/null"
        held[#held + 1] = file
      until not file
      local events, taken = 0, 0
      local _, err = geelark.delete({ "a1", "b1" }, { token = "t", base_url = "http://127.0.0.1:9",
        on_event = function(event) if event.type == "send" then events = events + 1 end end,
        limiter = { take = function() taken = taken + 1 return true end, give = function() end } })
      print(err.kind, #err.result.pendingIds, events, taken)
    ]]
    local said = shell.output("ulimit -n 64; " .. shell.run_lua(script) .. " 2>&1")
    assert.equal("network\t2\t0\t0", said)
  end)
end)
