-- The simulated service behind the option transport: simulator.new.

local geelark = require "geelark"
local descriptors = require "spec.support.descriptors"
local collect = require "spec.support.collect"
local shell = require "spec.support.shell"
local simulator = require "geelark.simulator"

describe("simulator.new", function()
  it("gives ids, options, states and what was asked", function()
    local service = simulator.new { phones = 250, states = { started = 2, missing = 1 } }
    local ids = service:ids()
    assert.same(simulator.ids(250), ids)
    local result = assert(geelark.delete(ids, service:options()))
    assert.equal(247, result.successAmount)
    assert.equal(2, geelark.failures(result):where("started"):count())
    for _, failure in ipairs(result.failDetails) do
      assert.equal(failure.code == 43009 and "started" or nil, service:state(failure.id))
    end
    assert.equal("deleted", service:state(ids[1]))
    assert.is_nil(service:state "1")
    assert.equal(3, #service:requests())
    assert.equal(50, #service:requests()[3].ids)
    assert.equal(ids[250], service:requests()[3].ids[50])
    assert.same(ids, service:ids()) -- also those that are gone
  end)

  it("tells what was asked until now, as another process does", function()
    local service = simulator.new { phones = 2 }
    local before = service:requests()
    assert(geelark.delete(service:ids(), service:options()))
    assert.equal(0, #before)
    assert.equal(1, #service:requests())
  end)

  it("takes options of the caller's beside its own", function()
    local service = simulator.new { phones = 10 }
    assert(geelark.delete(service:ids(), service:options { chunk_size = 3 }))
    assert.equal(4, #service:requests())
  end)

  it("takes key verification, its ts by the virtual clock", function()
    local service = simulator.new { phones = 1, app_id = "app", api_key = "key" }
    assert(geelark.delete(service:ids(), service:options()))
    local _, err = geelark.delete(service:ids(), service:options { api_key = "other" })
    assert.equal("auth", err.kind)
    assert.equal(40003, err.code)
  end)

  it("lets minutes of quota pass by its own clock", function()
    local service = simulator.new { phones = 1000 }
    local options = service:options { chunk_size = 1 }
    assert(geelark.delete(service:ids(), options))
    assert.is_true(options.clock.now() - service:requests()[1].time > 239)
    for _, request in ipairs(service:requests()) do assert.equal(0, request.code) end
  end)

  it("answers late in virtual time, several requests at once", function()
    local service = simulator.new { phones = 4, plan = { { delay = 30, times = 4 } } }
    local options = service:options { chunk_size = 1, concurrency = 4 }
    assert(geelark.delete(service:ids(), options))
    assert.equal(30, math.floor(options.clock.now() - service:requests()[1].time))
    assert.equal(4, service:requests()[4].inFlight)
  end)

  it("serves jobs and clients, and one service several", function()
    local service = simulator.new { phones = 6, plan = { { delay = 5, times = 2 } } }
    local ids = service:ids()
    local client = assert(geelark.new(service:options()))
    local first, second = client:start { ids[1], ids[2] }, client:start { ids[3] }
    repeat local done = first:step(1) until done
    repeat local done = second:step(1) until done
    assert.equal(2, assert(first:result()).successAmount)
    assert.equal(1, assert(second:result()).successAmount)
    client:close()
    assert(geelark.delete({ ids[4] }, service:options()))
    assert.equal("deleted", service:state(ids[4]))
    assert.equal("stopped", service:state(ids[5]))
  end)

  it("gives up on an answer that comes after the time-out, and takes it no more", function()
    local service = simulator.new { phones = 1, plan = { { delay = 90 } } }
    local result = assert(geelark.delete(service:ids(), service:options { timeout = 60 }))
    assert.same(service:ids(), result.presumedIds)
    assert.equal(2, #service:requests())
  end)

  it("lets phones be set and plans be changed meanwhile", function()
    local service = simulator.new { phones = { a1 = "started", b1 = "stopped" } }
    assert.same({ "a1", "b1" }, service:ids())
    service:set("a1", "stopped")
    service:set("b1", "missing")
    service:set("c1", "in_use")
    service:plan(function(request) return request.number == 1 and { refuse = 40007 } or nil end)
    local result = assert(geelark.delete(service:ids(), service:options()))
    assert.equal(1, result.successAmount)
    assert.equal(2, #service:requests())
    assert.equal("deleted", service:state "a1")
    assert.equal("in_use", service:state "c1")
  end)

  it("says what is wrong with a phone that is set", function()
    local process = simulator.spawn {}
    for _, service in ipairs { simulator.new(), process } do
      assert.error_matches(function() service:set("a1") end, "phones%.a1: state expected, got nil$")
      assert.error_matches(function() service:set(528, "started") end,
        "phones: string expected as id, got number$")
      assert.error_matches(function() service:set("a1", "asleep") end,
        "phones%.a1: unknown value asleep, did you mean expired%?$")
      assert.same({}, service:ids())
    end
    process:stop()
  end)

  it("ends a job with what a plan's function raises", function()
    local service = simulator.new { phones = 1, plan = function() error("no idea", 0) end }
    local _, err = geelark.delete(service:ids(), service:options())
    assert.equal("callback", err.kind)
    assert.matches("the plan is wrong: no idea", err.message)
    service:plan {}
    assert(geelark.delete(service:ids(), service:options()))
    assert.equal(1, service:requests()[2].inFlight) -- the first left
  end)

  it("stops a phone, which takes its time", function()
    local service = simulator.new { phones = { a1 = "started" } }
    local world, clock = service.world, service:options().clock
    world.phones:stop("a1", clock.now())
    clock.sleep(29)
    assert.equal("started", service:state "a1")
    clock.sleep(1)
    assert.equal("stopped", service:state "a1")
  end)

  it("takes luassert's spies as transport and callbacks", function()
    local service = simulator.new { phones = 3 }
    local options = service:options()
    options.transport = spy.new(options.transport)
    options.on_event, options.on_progress = spy.new(function() end), spy.new(function() end)
    options.clock.sleep = spy.new(options.clock.sleep)
    assert(geelark.delete(service:ids(), options))
    assert.spy(options.transport).was.called(1)
    assert.spy(options.on_event).was.called(2)
    assert.spy(options.on_progress).was.called(1)
  end)

  it("leaves no descriptor behind", function()
    collect()
    local before = descriptors()
    for _ = 1, 50 do
      local service = simulator.new { phones = 1 }
      assert(geelark.delete(service:ids(), service:options()))
    end
    collect()
    assert.equal(before, descriptors())
  end)

  it("loads nothing but lua-cjson", function()
    local said = shell.output(shell.run_lua [[
      require "spec.support.strict"
      for _, name in ipairs { "cqueues", "openssl.digest", "openssl.rand", "socket", "posix" } do
        package.preload[name] = function() error(name .. " is not for a transport", 0) end
      end
      local geelark = require "geelark"
      local before = {}
      for name in pairs(package.loaded) do before[name] = true end
      local service = require("geelark.simulator").new { phones = 3, states = { started = 1 } }
      print(geelark.delete(service:ids(), service:options()).successAmount)
      for name in pairs(package.loaded) do
        if not before[name] and not name:find "^geelark%.simulator" then print(name) end
      end]] .. " 2>&1")
    assert.equal("2", said)
  end)
end)
