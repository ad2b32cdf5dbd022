-- Deadlines of jobs, time-outs of requests.

local geelark = require "geelark"
local played = require "spec.support.played"
local service = require "spec.support.service"

describe("a deadline", function()
  it("cuts what is in flight: its ids are unknown, the rest pending", function()
    local options, log = service.options(function() end, -- never answers
      { deadline = 5, chunk_size = 1, concurrency = 2 })
    local _, err = geelark.delete({ "a1", "b1", "c1" }, options)
    assert.equal("deadline", err.kind)
    assert.same({ "a1", "b1" }, err.result.unknownIds)
    assert.same({ "c1" }, err.result.pendingIds)
    assert.equal(5, log.now())
  end)

  it("that the next request can't meet ends the job at once", function()
    local options, log = service.options({ { service.code(40007) } }, { deadline = 30 })
    local _, err = geelark.delete({ "a1" }, options)
    assert.equal("deadline", err.kind)
    assert.same({ "a1" }, err.result.pendingIds)
    assert.equal(0, log.now())
  end)

  it("of zero sends nothing", function()
    local options, log = service.options(service.success, { deadline = 0 })
    local _, err = geelark.delete({ "a1" }, options)
    assert.equal("deadline", err.kind)
    assert.equal(0, #log)
  end)

  it("that is not met changes nothing", function()
    local options = service.options(service.success, { deadline = 1 })
    assert.equal(5, assert(geelark.delete(service.ids(5), options)).successAmount)
  end)
end)

describe("over real sockets", function()
  local server
  before_each(function() server = played() end)
  after_each(function() server:close() end)

  it("a deadline cuts what is in flight, too", function()
    local job = geelark.start({ "a1", "b1", "c1" }, { token = "t", base_url = server.url,
      deadline = 0.5, chunk_size = 1, concurrency = 2 })
    for _ = 1, 2 do server:accept(job):read(job) end
    while not job:step(1) do assert.equal(2, job:progress().inFlight) end
    local _, err = job:result()
    assert.equal("deadline", err.kind)
    assert.same({ "a1", "b1" }, err.result.unknownIds)
    assert.same({ "c1" }, err.result.pendingIds)
  end)

  it("a request is given up after its time-out, and asked for again elsewhere", function()
    local job = geelark.start({ "a1" }, { token = "t", base_url = server.url, timeout = 1 })
    server:accept(job):read(job)
    local second = server:accept(job)
    second:read(job)
    second:answer(200, service.envelope(40009, 1, { service.failure("a1", 42001) }))
    while not job:step(1) do assert.equal(1, job:progress().inFlight) end
    local result = assert(job:result())
    assert.same({ "a1" }, result.presumedIds)
    assert.equal(2, result.requests[1].attempts)
  end)
end)

describe("a request that is never answered", function()
  it("has lost its answer after the time-out", function()
    local options, log = service.options(function() end, { timeout = 7, attempts = 2 })
    local _, err = geelark.delete({ "a1" }, options)
    assert.equal("timeout", err.kind)
    assert.same({ "a1" }, err.result.unknownIds)
    assert.equal(2, #log)
    assert.is_true(log.now() >= 14 and log.now() < 15)
  end)
end)
