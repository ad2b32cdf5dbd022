-- Connections: who can't prove to be the service gets no request.

local geelark = require "geelark"
local hurried_clock = require "spec.support.hurried_clock"
local certificates = require "spec.support.certificates"
local shell = require "spec.support.shell"
local simulator = require "geelark.simulator"
local start = require("spec.support.simulator").start

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
      local opened = {}
      repeat opened[#opened + 1] = io.open "/dev/null" until #opened > 0 and not io.open "/dev/null"
      local events, taken = 0, 0
      local _, err = geelark.delete({ "a", "b" }, { token = "t", base_url = "http://127.0.0.1:9",
        on_event = function(event) if event.type == "send" then events = events + 1 end end,
        limiter = { take = function() taken = taken + 1 return true end, give = function() end } })
      print(err.kind, #err.result.pendingIds, events, taken)
    ]]
    local said = shell.output("ulimit -n 64; " .. shell.run_lua(script) .. " 2>&1")
    assert.equal("network\t2\t0\t0", said)
  end)
end)
