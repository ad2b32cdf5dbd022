-- The simulator against the service's reference, row by row: the codes that can stand in
-- failDetails and on the envelope, the neighbours of delete, and what users recorded.

local phones = require "geelark.simulator.phones"
local requests = require "spec.support.requests"
local worlds = require "geelark.simulator.world"

local function ask(world, path, body, now, more)
  local record, fault = world:arrive(requests.post(path, body, more), now or 0)
  local reply = world:act(record, now or 0, fault)
  world:leave(record, reply.status, reply.code)
  return reply
end

local function new_world(options)
  options.token = options.token or requests.TOKEN
  return worlds.new(options)
end

describe("a code in failDetails:", function()
  local rows = { -- code, state, text where one was recorded
    { 42001, "missing", "env not found" },
    { 43005, "executing" },
    { 43006, "connected", "env is occupied by remote" },
    { 43009, "started", "env is started" },
    { 43010, "starting" },
    { 43011, "renewing" },
    { 43021, "in_use" },
    { 43004, "expired", "env is expired" },
    { 43036, "running" },
    { 43038, "withdrawn" },
    { 43039, "unavailable" },
  }
  for _, row in ipairs(rows) do
    it(row[1] .. ", the phone is " .. row[2], function()
      local world = new_world { phones = { a1 = row[2], b1 = "stopped" } }
      local reply = ask(world, requests.DELETE, { "a1", "b1" })
      assert.equal(0, reply.code) -- 0 stands there also where ids failed
      assert.equal("success", reply.msg)
      local failure = reply.data.failDetails[1]
      assert.same({ 2, 1, 1, row[1], "a1" }, { reply.data.totalAmount, reply.data.successAmount,
        reply.data.failAmount, failure.code, failure.id })
      if row[3] then assert.equal(row[3], failure.msg) end
      assert.equal("deleted", world:phone("b1", 0))
      assert.equal(row[2] ~= "missing" and row[2] or nil, world:phone("a1", 0))
    end)
  end
end)

describe("a code of the envelope:", function()
  local codes = { 40000, 50000, 40001, 40002, 40003, 40004, 40005, 40007, 40010, 40011, 40012,
    40013, 40014, 40015, 40016, 40017, 41001, 46001, 47002, 90001, 90004 }
  for _, code in ipairs(codes) do
    it(code .. ", said by a plan: nothing is done and there are no data", function()
      local world = new_world { phones = { "a1" }, plan = { { refuse = code } } }
      local reply = ask(world, requests.DELETE, { "a1" })
      assert.equal(200, reply.status)
      assert.equal(code, reply.code)
      assert.is_true(#reply.msg > 0 and reply.msg ~= "error")
      assert.is_nil(reply.data)
      assert.equal("stopped", world:phone("a1", 0))
    end)
  end

  it("40001, the body can't be read", function()
    assert.equal(40001, ask(new_world {}, requests.DELETE, "{").code)
  end)

  it("40002, no traceId", function()
    for _, trace_id in ipairs { false, "" } do
      local reply = ask(new_world {}, requests.DELETE, { "a1" }, 0, { traceid = trace_id })
      assert.equal(40002, reply.code)
    end
  end)

  it("40003, another token", function()
    local headers = { authorization = "Bearer other" }
    assert.equal(40003, ask(new_world {}, requests.DELETE, { "a1" }, 0, headers).code)
  end)

  it("40004, more than 100 ids", function()
    local reply = ask(new_world { phones = 101 }, requests.DELETE, phones.ids(101))
    assert.equal(40004, reply.code)
  end)

  it("40006 and 40009 by an option, some and all failed", function()
    local world = new_world { phones = { "a1" }, batch_codes = true }
    assert.equal(40006, ask(world, requests.DELETE, { "a1", "b1" }).code)
    assert.equal(40009, ask(world, requests.DELETE, { "a1", "b1" }).code)
  end)

  it("40007 from the 201st request of a minute, for each path, until the next", function()
    local world = new_world {}
    for _ = 1, 200 do assert.equal(0, ask(world, requests.DELETE, { "a1" }, 1).code) end
    local refused = ask(world, requests.DELETE, { "a1" }, 59)
    assert.equal(40007, refused.code)
    assert.equal("too many requests in a short time, please try again later", refused.msg)
    for _, path in ipairs { requests.STOP, requests.STATUS, requests.START, requests.LIST } do
      assert.equal(0, ask(world, path, { "a1" }, 59).code)
    end
    assert.equal(0, ask(world, requests.DELETE, { "a1" }, 60).code)
  end)

  it("40014 over the hour's limit, for two hours", function()
    local world = new_world { requests_per_hour = 300 }
    for i = 1, 300 do assert.equal(0, ask(world, requests.STATUS, { "a1" }, i).code) end
    assert.equal(40014, ask(world, requests.STATUS, { "a1" }, 301).code)
    assert.equal(40014, ask(world, requests.STATUS, { "a1" }, 301 + 7199).code)
    assert.equal(0, ask(world, requests.STATUS, { "a1" }, 301 + 7200).code)
    assert.equal(0, ask(world, requests.DELETE, { "a1" }, 301).code)
  end)

  it("40017, too many at once", function()
    local world = new_world { max_in_flight = 1 }
    world:arrive(requests.post(requests.STOP, { "a1" }), 0)
    assert.equal(40017, ask(world, requests.DELETE, { "a1" }).code)
  end)

  it("none where a limit is lifted", function()
    local world = new_world { requests_per_minute = false, requests_per_hour = false }
    for _ = 1, 25000 do
      local record = world:arrive(requests.post(requests.STATUS, { "a1" }), 1)
      if record.refusal then error("refused: " .. record.refusal) end
      world:leave(record)
      world.requests[record.number] = nil
    end
  end)
end)

describe("a neighbour of delete:", function()
  it("stop accepts, and the phone is down 30 s later", function()
    local world = new_world { phones = { a1 = "started" } }
    local function status(now)
      return ask(world, requests.STATUS, { "a1" }, now).data.successDetails[1].status
    end
    local stop = ask(world, requests.STOP, { "a1" }, 0)
    assert.same({ 1, 1, 0 },
      { stop.data.totalAmount, stop.data.successAmount, stop.data.failAmount })
    assert.equal(43009, ask(world, requests.DELETE, { "a1" }, 1).data.failDetails[1].code)
    assert.equal(0, status(29.9)) -- there is no "stopping"
    assert.equal(1, ask(world, requests.STOP, { "a1" }, 20).data.successAmount) -- does no harm
    assert.equal(2, status(30))
    assert.equal(1, ask(world, requests.STOP, { "a1" }, 31).data.successAmount) -- of a stopped one
    assert.equal(1, ask(world, requests.DELETE, { "a1" }, 32).data.successAmount)
  end)

  it("stop refuses what executes, is connected or isn't there", function()
    local world = new_world { phones = { a1 = "executing", b1 = "connected" } }
    local details = ask(world, requests.STOP, { "a1", "b1", "c1" }).data.failDetails
    assert.same({ 43005, 43006, 42001 }, { details[1].code, details[2].code, details[3].code })
  end)

  it("stop takes 200 ids, and doesn't free what is in use", function()
    local world = new_world { phones = 200, stop_seconds = 0 }
    assert.equal(200, ask(world, requests.STOP, phones.ids(200)).data.successAmount)
    world = new_world { phones = { a1 = "in_use" }, stop_seconds = 0 }
    ask(world, requests.STOP, { "a1" })
    assert.equal(43021, ask(world, requests.DELETE, { "a1" }, 99).data.failDetails[1].code)
  end)

  it("status says 0, 1, 2 or 3, and 42001", function()
    local world = new_world { phones = { a1 = "started", b1 = "starting", c1 = "stopped",
      d1 = "expired" } }
    local data = ask(world, requests.STATUS, { "a1", "b1", "c1", "d1", "e1" }).data
    for i, id in ipairs { "a1", "b1", "c1", "d1" } do
      assert.same({ id = id, serialName = "phone " .. id, status = i - 1 }, data.successDetails[i])
    end
    assert.same({ { id = "e1", code = 42001, msg = "env not found" } }, data.failDetails)
    assert.equal(40004, ask(world, requests.STATUS, phones.ids(101)).code)
  end)

  it("start takes a while, too", function()
    local world = new_world { phones = { a1 = "stopped", b1 = "expired" }, start_seconds = 20 }
    local data = ask(world, requests.START, { "a1", "b1", "c1" }).data
    assert.equal(1, data.successAmount)
    assert.same({ 43004, 42001 }, { data.failDetails[1].code, data.failDetails[2].code })
    assert.equal("starting", world:phone("a1", 19))
    assert.equal(43010, ask(world, requests.DELETE, { "a1" }, 19).data.failDetails[1].code)
    assert.equal("started", world:phone("a1", 20))
    assert.equal(1, ask(world, requests.START, { "a1" }, 21).data.successAmount)
  end)
end)

describe("what nobody knows of the service", function()
  it("is strict, each part until it is lifted", function()
    local headers = { ["content-type"] = "text/plain" }
    local strict, lifted = new_world { phones = 2 }, new_world { phones = 2,
      accept_any_content_type = true }
    assert.equal(40001, ask(strict, requests.DELETE, phones.ids(1), 0, headers).code)
    assert.equal(0, ask(lifted, requests.DELETE, phones.ids(1), 0, headers).code)
  end)

  it("a repeated traceId", function()
    local headers = { traceid = "again" }
    local strict, lifted = new_world {}, new_world { accept_repeated_trace_ids = true }
    for _, world in ipairs { strict, lifted } do
      assert.equal(0, ask(world, requests.DELETE, { "a1" }, 0, headers).code)
    end
    assert.equal(40003, ask(strict, requests.DELETE, { "a1" }, 0, headers).code)
    assert.equal(0, ask(lifted, requests.DELETE, { "a1" }, 0, headers).code)
  end)

  it("more ids than a call takes", function()
    local lifted = new_world { phones = 101, accept_any_amount = true }
    assert.equal(101, ask(lifted, requests.DELETE, phones.ids(101)).data.successAmount)
  end)

  it("an id twice", function()
    local strict, lifted = new_world { phones = { "a1" } }, new_world { phones = { "a1" },
      accept_repeated_ids = true }
    assert.equal(40004, ask(strict, requests.DELETE, { "a1", "a1" }).code)
    local data = ask(lifted, requests.DELETE, { "a1", "a1" }).data
    assert.same({ 2, 1, 42001 }, { data.totalAmount, data.successAmount, data.failDetails[1].code })
  end)

  it("a query, which is passed over, and other paths, which aren't there", function()
    local world = new_world { phones = { "a1" } }
    assert.equal(0, ask(world, requests.DELETE .. "?x=1", { "a1" }).code)
    assert.equal(requests.DELETE, world.requests[1].path)
    for _, path in ipairs { "/open/v1/phone/deletes", "/open/v1/phone/", "/delete",
      "/open/v1/phone/delete/", "delete" } do
      assert.equal(404, ask(world, path, { "a1" }).status, path)
    end
  end)
end)

describe("whole numbers as ids", function()
  it("are taken digit for digit", function()
    local id = "528086321789535233" -- no double holds it
    local world = new_world { phones = { id, "7", "528086321789535234" } }
    local reply = ask(world, requests.DELETE, ('{"ids":[%s, 7,528086321789535299]}'):format(id))
    assert.equal(2, reply.data.successAmount)
    assert.equal("528086321789535299", reply.data.failDetails[1].id)
    assert.equal("deleted", world:phone(id, 0))
    assert.equal("stopped", world:phone("528086321789535234", 0))
  end)

  it("stay what they are within strings", function()
    local world = new_world { phones = { "a1" } }
    local body = '{"note":"a \\" 528086321789535232 \\\\","ids":["a1"]}'
    assert.equal(1, ask(world, requests.DELETE, body).data.successAmount)
  end)
end)
