-- Clients: what they share out among their jobs, and how they end.

local geelark = require "geelark"
local held = require "spec.support.held"
local phones = require("geelark.simulator").ids
local service = require "spec.support.service"
local simulator = require "spec.support.simulator"

describe("a client", function()
  it("needs credentials", function()
    local client, err = geelark.new {}
    assert.is_nil(client)
    assert.equal("config", err.kind)
    assert.truthy(tostring(err):find("GEELARK_TOKEN", 1, true))
  end)

  it("passes its options on to its calls, which may change the job's alone", function()
    local options, log = service.options(service.success, { chunk_size = 2 })
    local client = assert(geelark.new(options))
    assert(client:delete(service.ids(4)))
    assert.equal(2, #log)
    assert(client:delete(service.ids(4), { chunk_size = 4 }))
    assert.equal(3, #log)
    local ok, message = pcall(client.delete, client, { "a1" }, { token = "other" })
    assert.is_false(ok)
    assert.truthy(message:find("token: belongs to geelark.new", 1, true))
    client:close()
  end)

  it("bounds what all its jobs have in flight, and each gets its turn", function()
    local options, requests = held { chunk_size = 1, concurrency = 1 }
    local client = assert(geelark.new(options))
    local jobs = {}
    for i = 1, 3 do jobs[i] = client:start(service.ids(4)) end
    local order = {}
    for _ = 1, 12 do
      for i = 1, 3 do
        local before = #requests
        jobs[i]:step()
        if #requests > before then order[#order + 1] = i end
        assert.is_true(#requests <= 1)
      end
      requests:answer_all()
    end
    for _ = 1, 3 do
      for i = 1, 3 do jobs[i]:step() end
      requests:answer_all()
    end
    local turns = { 0, 0, 0 }
    for i = 2, 10 do turns[order[i]] = turns[order[i]] + 1 end -- once all three are waiting
    assert.same({ 3, 3, 3 }, turns)
  end)

  it("shares its connections, its places and its quota among its jobs", function()
    local sim = simulator.start { phones = 6 }
    finally(function() sim:stop() end)
    local client = assert(geelark.new { token = "simulator", base_url = sim.url, chunk_size = 1,
      concurrency = 1, requests_per_minute = 5 })
    local ids = phones(6)
    local jobs = { client:start { ids[1], ids[2], ids[3] },
      client:start { ids[4], ids[5], ids[6] } }
    local deleted
    local steps = 0
    repeat
      deleted, steps = 0, steps + 1
      for _, job in ipairs(jobs) do
        job:step(0.01)
        deleted = deleted + job:progress().successAmount
      end
    until deleted == 5 or steps == 6000
    assert.equal(5, deleted)
    for _, job in ipairs(jobs) do
      job:cancel()
      job:step()
      local result, err = job:result()
      assert.equal(3, (result or err.result).totalAmount)
    end
    local state = sim:state()
    assert.same({ 1, 1, 5 }, { state.connections, state.maxInFlight, #state.requests })
    client:close()
  end)
end)

describe("a client that closes", function()
  it("ends its jobs: what is in flight is unknown", function()
    local options = held { chunk_size = 1, concurrency = 1 }
    local client = assert(geelark.new(options))
    local job = client:start { "a1", "b1" }
    job:step()
    client:close()
    client:close()
    assert.is_true(job:step())
    local _, err = job:result()
    assert.equal("cancelled", err.kind)
    assert.same({ "a1" }, err.result.unknownIds)
    assert.same({ "b1" }, err.result.pendingIds)
    assert.has_error(function() client:delete { "a1" } end, "this geelark client is closed")
    assert.equal("geelark client (closed)", tostring(client))
  end)

  it("wakes the jobs that wait for nothing but time", function()
    local readable = require "spec.support.native" "readable"
    local options = service.options(service.success, { chunk_size = 1, requests_per_minute = 1 })
    local client = assert(geelark.new(options))
    local job = client:start { "a1", "b1" }
    local fd = job:pollfd()
    assert.is_false(job:step())
    assert.is_false(readable(fd))
    client:close()
    assert.is_true(readable(fd))
    assert.is_true(job:step())
    local _, err = job:result()
    assert.equal("cancelled", err.kind)
    assert.equal(1, err.result.successAmount)
  end)

  it("because it leaves its scope ends its jobs, and raises nothing", function()
    local close = debug.getmetatable(assert(geelark.new { token = "t" })).__close
    local client, job, ok
    client = assert(geelark.new((held { chunk_size = 1, on_event = function()
      ok = pcall(close, client)
    end })))
    job = client:start { "a1" }
    job:step()
    assert.is_true(ok)
    close(client)
    close(client)
    assert.is_true(job:step())
    assert.same({ "a1" }, select(2, job:result()).result.unknownIds)
  end)
end)
