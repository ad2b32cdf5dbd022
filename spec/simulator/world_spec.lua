-- The simulated service: its rules, in virtual time.

local json = require("cjson").new()
local phones = require "geelark.simulator.phones"
local requests = require "spec.support.requests"
local worlds = require "geelark.simulator.world"

-- The whole life of a request in a world.
local function ask(world, request, now)
  local record = world:arrive(request, now)
  local reply = world:act(record, now)
  world:leave(record, reply.status, reply.code)
  return reply, record
end

local function new_world(options)
  options.token = options.token or requests.TOKEN
  return worlds.new(options)
end

describe("the simulator's world", function()
  it("refuses unknown options and half a pair of keys", function()
    assert.has_error(function() worlds.new { phnes = 3 } end,
      "phnes: unknown option, did you mean phones?")
    assert.has_error(function() worlds.new { phones = "3" } end,
      "phones: number or table expected, got string")
    assert.has_error(function() worlds.new { app_id = "a" } end,
      "app_id and api_key go together")
  end)

  it("deletes what it can and names the rest", function()
    local world = new_world { phones = { a = "stopped", b = "started", c = "stopped" } }
    local reply, record = ask(world, requests.post(requests.DELETE, { "a", "b", "x" }), 5)
    assert.equal(0, reply.code)
    assert.same({
      totalAmount = 3, successAmount = 1, failAmount = 2,
      failDetails = {
        { code = 43009, id = "b", msg = "env is started" },
        { code = 42001, id = "x", msg = "env not found" },
      },
    }, reply.data)
    assert.same({ "a" }, record.deleted)
    assert.is_true(record.acted)
    assert.same({ b = "started", c = "stopped" }, world:state(5).phones)
  end)

  it("says 0, 40006 and 40009 for all, some and none where it is told to", function()
    local world = new_world { phones = { "a", "b" }, batch_codes = true }
    assert.equal(0, ask(world, requests.post(requests.DELETE, { "a" }), 0).code)
    assert.equal(40006, ask(world, requests.post(requests.DELETE, { "a", "b" }), 0).code)
    local none = ask(world, requests.post(requests.DELETE, { "a" }), 0)
    assert.equal(40009, none.code)
    assert.equal(1, none.data.failAmount)
  end)

  it("says 0 although phones were refused", function()
    local world = new_world { phones = {} }
    local reply = ask(world, requests.post(requests.DELETE, { "a" }), 0)
    assert.equal(0, reply.code)
    assert.equal(1, reply.data.failAmount)
  end)

  it("stops phones and tells their status", function()
    local states = { a = "started", b = "connected", c = "expired" }
    local world = new_world { phones = states, stop_seconds = 1 }
    local stop = ask(world, requests.post(requests.STOP, { "a", "b", "x" }), 10)
    assert.equal(1, stop.data.successAmount)
    assert.is_nil(stop.data.successDetails)
    assert.equal(43006, stop.data.failDetails[1].code)
    assert.equal(42001, stop.data.failDetails[2].code)
    assert.equal(0, ask(world, requests.post(requests.STATUS, { "a" }), 10.9).data
      .successDetails[1].status)
    local status = ask(world, requests.post(requests.STATUS, { "a", "b", "c", "x" }), 11).data
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
    { "an id that is no whole number", '{"ids":["a",1.5]}', 40004 },
    { "an id twice", { "a", "b", "a" }, 40004 },
    { "an id that is null", '{"ids":["a",null]}', 40004 },
    { "an empty id", { "a", "" }, 40004 },
    { "an id set down as bad", { "a", "bad" }, 40004 },
  }
  for _, row in ipairs(bodies) do
    it("refuses " .. row[1] .. " as a whole", function()
      local world = new_world { phones = { "a" }, bad_ids = { "bad" } }
      local reply, record = ask(world, requests.post(requests.DELETE, row[2]), 0)
      assert.equal(row[3], reply.code)
      assert.is_nil(reply.data)
      assert.is_false(record.acted)
      assert.equal("stopped", world:state(0).phones.a)
    end)
  end

  it("takes 100 ids", function()
    local world = new_world { phones = 100 }
    assert.equal(0, ask(world, requests.post(requests.DELETE, phones.ids(100)), 0).code)
    assert.equal(0, world:state(0).phoneCount)
  end)

  it("stops 200 phones at once, and no more", function()
    local ids = phones.ids(201)
    local world = new_world { phones = 201 }
    assert.equal(40004, ask(world, requests.post(requests.STOP, ids), 0).code)
    table.remove(ids)
    assert.equal(200, ask(world, requests.post(requests.STOP, ids), 0).data.successAmount)
  end)

  it("refuses a body that is not declared as JSON", function()
    local world = new_world { phones = { "a" } }
    local more = { ["content-type"] = "text/plain" }
    assert.equal(40001, ask(world, requests.post(requests.DELETE, { "a" }, more), 0).code)
  end)

  it("counts requests in flight and refuses those beyond its number", function()
    local world = new_world { phones = { "a", "b" }, max_in_flight = 1 }
    local first = world:arrive(requests.post(requests.DELETE, { "a" }), 0)
    local second = world:arrive(requests.post(requests.DELETE, { "b" }), 0)
    assert.equal(40017, world:act(second, 0).code)
    assert.equal(0, world:act(first, 0).code)
    world:leave(first, 200, 0)
    world:leave(second, 200, 40017)
    assert.equal(2, world:state(0).maxInFlight)
    assert.equal(0, world:state(0).inFlight)
    assert.equal(0, ask(world, requests.post(requests.DELETE, { "b" }), 0).code)
  end)

  it("applies the limits, and not to strangers' requests", function()
    local world = new_world { phones = { "a" }, requests_per_minute = 1, minute = 10 }
    local stranger = requests.post(requests.DELETE, { "a" }, { authorization = "x" })
    assert.equal(40003, ask(world, stranger, 0).code)
    assert.equal(0, ask(world, requests.post(requests.DELETE, { "a" }), 0).code)
    assert.equal(40007, ask(world, requests.post(requests.DELETE, { "a" }), 9.9).code)
    assert.equal(0, ask(world, requests.post(requests.DELETE, { "a" }), 10).code)
  end)

  it("keeps a journal of what was asked and what was done", function()
    local world = new_world { phones = { "a" } }
    local request = requests.post(requests.DELETE, { "a", "b" })
    ask(world, request, 12.5)
    ask(world, requests.post(requests.DELETE, { "a" }, { authorization = "Bearer other" }), 13)
    local first, second = world.requests[1], world.requests[2]
    assert.same({
      number = 1, time = 12.5, method = "POST", path = requests.DELETE, inFlight = 1,
      traceId = request.headers.traceid, ids = { "a", "b" }, deleted = { "a" },
      acted = true, status = 200, code = 0,
    }, first)
    assert.equal(40003, second.refusal)
    assert.equal("token refused", second.why)
    assert.is_nil(json.encode(world.requests):find("other", 1, true))
  end)

  it("acts or not as the plan's fault says, and keeps the fault in its journal", function()
    local world = new_world { phones = { "a" }, plan = { { refuse = 40017 } } }
    local record, fault = world:arrive(requests.post(requests.DELETE, { "a" }), 0)
    assert.equal(40017, world:act(record, 0, fault).code)
    assert.equal("stopped", world:state(0).phones.a)
    assert.same({ refuse = 40017 }, record.fault)
    world:set_plan { false, { code = 0, act = false } }
    record, fault = world:arrive(requests.post(requests.DELETE, { "a" }), 0)
    assert.same({}, fault)
    assert.equal(0, world:act(record, 0, fault).data.failAmount)
    record, fault = world:arrive(requests.post(requests.DELETE, { "a" }), 0)
    assert.is_nil(world:act(record, 0, fault).data)
  end)

  it("says what is wrong with a plan that raises, and goes on", function()
    local world = new_world { phones = { "a" }, plan = function() error("no idea", 0) end }
    local record, fault, trouble = world:arrive(requests.post(requests.DELETE, { "a" }), 0)
    assert.equal("the plan is wrong: no idea", trouble)
    assert.same({ status = 500, body = trouble }, fault)
    world:act(record, 0, fault)
    assert.equal("stopped", world:state(0).phones.a)
  end)

  it("knows neither other paths nor other methods", function()
    local world = new_world {}
    assert.equal(404, ask(world, requests.post("/open/v1/phone/lists", {}), 0).status)
    local get = requests.post(requests.DELETE, "")
    get.method = "GET"
    assert.equal(405, ask(world, get, 0).status)
  end)
end)
