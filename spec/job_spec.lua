-- Jobs: stepped by whoever drives them, and never blocking.

local geelark = require "geelark"
local held = require "spec.support.held"
local service = require "spec.support.service"
local played = require "spec.support.played"
local phones = require("geelark.simulator").ids
local simulator = require "spec.support.simulator"

describe("a job", function()
  it("raises for wrong arguments as delete does", function()
    assert.has_error(function() geelark.start({ "" }, { token = "t" }) end)
    assert.has_error(function() geelark.start({ "a1" }, { tokn = "t" }) end)
  end)

  it("has no result before it is done", function()
    local options = held()
    local job = geelark.start({ "a1" }, options)
    assert.is_false(job:step())
    assert.has_error(function() job:result() end)
  end)

  it("does in each step what can be done now, and no more", function()
    local options, requests = held { chunk_size = 1, concurrency = 2 }
    local job = geelark.start({ "a1", "b1", "c1" }, options)
    assert.is_false(job:step())
    assert.equal(2, #requests)
    assert.equal(2, job:progress().inFlight)
    requests:answer_all()
    assert.is_false(job:step())
    assert.equal(1, #requests)
    requests:answer_all()
    assert.is_true(job:step())
    assert.is_true(job:step())
    local result = assert(job:result())
    assert.equal(3, result.successAmount)
    assert.equal(result, job:result())
  end)

  it("that was cancelled and waits for nothing is to be stepped at once", function()
    local job = geelark.start({ "a1", "b1" }, (service.options(service.success,
      { chunk_size = 1, requests_per_minute = 1 })))
    assert.is_false(job:step())
    assert.is_true(job:timeout() > 0)
    job:cancel()
    assert.equal(0, job:timeout())
    assert.is_true(job:step())
  end)

  it("doesn't wait in a step without a time, however late the answer is", function()
    local server = played()
    finally(function() server:close() end)
    local job = geelark.start({ "a1" }, { token = "t", base_url = server.url })
    local connection = server:accept(job)
    local request = connection:read(job)
    for _ = 1, 1000 do assert.is_false(job:step()) end -- it would wait for ever
    connection:answer(200, service.envelope(0, 1, {}))
    while not job:step() do assert.equal(1, job:progress().inFlight) end
    assert.equal(1, assert(job:result()).successAmount)
    assert.equal('{"ids":["a1"]}', request.body)
  end)

  it("runs in a coroutine, and others beside it", function()
    local done = {}
    local threads = {}
    for i = 1, 5 do
      threads[i] = coroutine.create(function()
        local job = geelark.start(service.ids(20), (service.options(service.success,
          { chunk_size = 1 })))
        while not job:step() do coroutine.yield() end
        done[i] = assert(job:result()).successAmount
      end)
    end
    for _ = 1, 100 do
      for i = 1, 5 do
        if coroutine.status(threads[i]) ~= "dead" then assert(coroutine.resume(threads[i])) end
      end
    end
    assert.same({ 20, 20, 20, 20, 20 }, done)
  end)

  it("outlives the coroutine that started it, and goes on in any other", function()
    local sim = simulator.start { phones = 40 }
    finally(function() sim:stop() end)
    local jobs = {}
    coroutine.wrap(function()
      for i = 1, 4 do
        local ids = {}
        for j = 1, 10 do ids[j] = phones(40)[(i - 1) * 10 + j] end
        jobs[i] = geelark.start(ids, { token = "simulator", base_url = sim.url, chunk_size = 3,
          on_progress = function(progress) assert(progress.totalAmount == 10) end })
        jobs[i]:step()
      end
    end)()
    local done = 0
    while done < 4 do
      collectgarbage()
      for i = 1, 4 do
        if jobs[i] and coroutine.wrap(function() return jobs[i]:step(0.01) end)() then
          assert.equal(10, assert(jobs[i]:result()).successAmount)
          jobs[i], done = false, done + 1
        end
      end
    end
  end)
end)

describe("a job that is cancelled", function()
  it("sends nothing more and waits for what is in flight", function()
    local options, requests = held { chunk_size = 1, concurrency = 1 }
    local job = geelark.start({ "a1", "b1" }, options)
    job:step()
    job:cancel()
    assert.is_false(job:step())
    requests:answer_all()
    assert.is_true(job:step())
    local result, err = job:result()
    assert.is_nil(result)
    assert.equal("cancelled", err.kind)
    assert.equal(1, err.result.successAmount)
    assert.same({ "b1" }, err.result.pendingIds)
    assert.equal(0, #requests)
  end)

  it("does so over real sockets, too", function()
    local server = played()
    finally(function() server:close() end)
    local job = geelark.start({ "a1", "b1" }, { token = "t", base_url = server.url, chunk_size = 1,
      concurrency = 1 })
    local connection = server:accept(job)
    connection:read(job)
    job:cancel()
    assert.is_false(job:step())
    connection:answer(200, service.envelope(0, 1, {}))
    while not job:step(1) do assert.equal(1, job:progress().inFlight) end
    local _, err = job:result()
    assert.equal("cancelled", err.kind)
    assert.equal(1, err.result.successAmount)
    assert.same({ "b1" }, err.result.pendingIds)
  end)

  it("doesn't try a lost answer again: its ids are unknown", function()
    local options, requests = held { concurrency = 1 }
    local job = geelark.start({ "a1" }, options)
    job:step()
    job:cancel()
    requests[1]:fail("reset", true)
    assert.is_true(job:step())
    local _, err = job:result()
    assert.same({ "a1" }, err.result.unknownIds)
  end)
end)
