-- Deadlines of jobs, time-outs of requests.

local geelark = require "geelark"
local monotime = require("cqueues").monotime -- Debian: lua-cqueues
local held = require "spec.support.held"
local played = require "spec.support.played"
local service = require "spec.support.service"

-- Time goes on by itself, and by jumps where the process is held up, or the machine sleeps.
local skipped
local clock = { now = function() return monotime() + skipped end }
before_each(function() skipped = 0 end)

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
    assert.matches("the deadline comes before the next request can leave", err.message, 1, true)
    assert.same({ "a1" }, err.result.pendingIds)
    assert.equal(0, log.now())
  end)

  it("of zero sends nothing", function()
    local options, log = service.options(service.success, { deadline = 0 })
    local _, err = geelark.delete({ "a1" }, options)
    assert.equal("deadline", err.kind)
    assert.matches("the deadline has passed", err.message, 1, true)
    assert.equal(0, #log)
  end)

  it("ends a job that was stopped before, too, and leaves it why", function()
    local options, log = service.options(function(_, n)
      if n == 2 then return service.code(40014) end -- the first is never answered
    end, { deadline = 5, chunk_size = 1 })
    local _, err = geelark.delete({ "a1", "b1" }, options)
    assert.same({ "locked", 5 }, { err.kind, log.now() })
    assert.same({ { "a1" }, { "b1" } }, { err.result.unknownIds, err.result.pendingIds })

    options, log = service.options(function() end, { deadline = 5 })
    local job = geelark.start({ "a1" }, options)
    job:step()
    job:cancel()
    assert.is_false(job:step())
    assert.equal(5, job:timeout())
    log.advance(5)
    assert.is_true(job:step())
    assert.equal("cancelled", select(2, job:result()).kind)
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
      clock = clock, deadline = 60, chunk_size = 1, concurrency = 2 })
    for _ = 1, 2 do server:accept(job):read(job) end
    skipped = 59.8
    while not job:step(1) do assert.equal(2, job:progress().inFlight) end
    local _, err = job:result()
    assert.equal("deadline", err.kind)
    assert.same({ "a1", "b1" }, err.result.unknownIds)
    assert.same({ "c1" }, err.result.pendingIds)
  end)

  it("a request is given up after its time-out, and asked for again elsewhere", function()
    local job = geelark.start({ "a1" }, { token = "t", base_url = server.url, clock = clock,
      timeout = 60 })
    server:accept(job):read(job)
    skipped = 59.8
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

describe("an answer that has arrived before the process was held up", function()
  local server
  before_each(function() server = played() end)
  after_each(function() server:close() end)

  local function start(ids, more)
    local options = { token = "t", base_url = server.url, clock = clock }
    for name, value in pairs(more) do options[name] = value end
    return geelark.start(ids, options)
  end

  -- Sends one request; its answer of so many bytes waits in the socket when this returns.
  local function answered(job, blanks)
    local connection = server:accept(job)
    connection:read(job)
    connection:answer(200, service.envelope(0, 1, {}) .. (" "):rep(blanks))
    return connection
  end

  for limit, more in pairs { deadline = { deadline = 5 }, timeout = { timeout = 5 } } do
    for _, blanks in ipairs { 0, 100000 } do
      it(("is read before the %s is judged (%d bytes)"):format(limit, blanks), function()
        local job = start({ "a1" }, more)
        answered(job, blanks)
        skipped = 1000
        assert.is_true(job:step())
        local result = assert(job:result())
        assert.equal(1, result.successAmount)
        assert.equal(1, result.requests[1].attempts)
      end)
    end
  end

  it("counts, though the deadline keeps the rest from being sent", function()
    local job = start({ "a1", "a2" }, { deadline = 5, chunk_size = 1, concurrency = 1 })
    answered(job, 0)
    skipped = 1000
    assert.is_true(job:step())
    local _, err = job:result()
    assert.equal("deadline", err.kind)
    assert.equal(1, err.result.successAmount)
    assert.same({ "a2" }, err.result.pendingIds)
  end)

  it("counts for a job of the client that isn't the one that is stepped", function()
    local client = assert(geelark.new { token = "t", base_url = server.url,
      clock = clock })
    local first = client:start({ "a1" }, { timeout = 5 })
    answered(first, 0)
    skipped = 1000
    client:start({ "a2" }, { dry_run = true }):step()
    assert.is_true(first:step())
    assert.equal(1, assert(first:result()).successAmount)
  end)
end)

describe("a request that is late", function()
  local server
  before_each(function() server = played() end)
  after_each(function() server:close() end)

  it("is closed with its connection, and nothing is sent on that again", function()
    local job = geelark.start({ "a1" }, { token = "t", base_url = server.url, timeout = 5,
      clock = clock })
    local first = server:accept(job)
    first:read(job)
    skipped = 6
    assert.is_false(job:step())
    assert.is_nil(first.socket:xread(1, "b", 60)) -- its end, at once
    skipped = 30
    local second = server:accept(job)
    second:read(job)
    second:answer(200, service.envelope(0, 1, {}))
    while not job:step(1) do assert.equal(1, job:progress().inFlight) end
    assert.equal(2, assert(job:result()).requests[1].attempts)
  end)

  it("has not been sent where its connection waits for TLS: its ids are pending", function()
    local job = geelark.start({ "a1" }, { token = "t", timeout = 5, attempts = 1, clock = clock,
      base_url = server.url:gsub("^http:", "https:") })
    server:accept(job) -- and no word from there
    skipped = 1000
    assert.is_true(job:step())
    local _, err = job:result()
    assert.equal("timeout", err.kind)
    assert.same({ "a1" }, err.result.pendingIds)
  end)

  it("gives its place to other jobs of its client, though its own isn't stepped", function()
    local options, requests = held { concurrency = 1, timeout = 5 }
    local client = assert(geelark.new(options))
    local first, second = client:start { "a1" }, client:start { "a2" }
    first:step()
    assert.is_false(second:step(6))
    assert.equal(2, #requests)
    assert.same({ "a2" }, requests[2].ids)
    first:cancel()
    assert.is_true(first:step())
    assert.same({ "a1" }, select(2, first:result()).result.unknownIds)
  end)

  it("isn't, because a callback before it took longer than its time", function()
    local options, log = service.options(service.success, { timeout = 5 })
    options.on_event = function() log.advance(10) end
    assert.equal(1, assert(geelark.delete({ "a1" }, options)).successAmount)
  end)

  it("is not sent at all where the deadline passed in a callback before it", function()
    local options, log = service.options(service.success, { deadline = 5 })
    options.on_event = function() log.advance(10) end
    local _, err = geelark.delete({ "a1" }, options)
    assert.equal("deadline", err.kind)
    assert.same({ "a1" }, err.result.pendingIds)
    assert.equal(0, #log)
  end)
end)
