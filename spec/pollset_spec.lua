-- The one descriptor of a job, and the protocol of cqueues around it.

local cqueues = require "cqueues" -- Debian: lua-cqueues
local geelark = require "geelark"
local held = require "spec.support.held"
local played = require "spec.support.played"
local readable = require "spec.support.native" "readable"
local service = require "spec.support.service"
local simulator = require "spec.support.simulator"

describe("a job's descriptor", function()
  it("stands beside events and a timeout, as cqueues wants", function()
    local job = geelark.start({ "a1" }, { token = "t", base_url = "http://127.0.0.1:9",
      attempts = 1 })
    assert.equal("number", type(job:pollfd()))
    assert.equal("r", job:events())
    while not job:step(1) do assert.is_true((job:timeout() or 0) >= 0) end
    local _, err = job:result()
    assert.equal("network", err.kind)
  end)

  it("becomes readable when the caller's transport answers", function()
    local options, requests = held()
    local job = geelark.start({ "a1" }, options)
    job:step()
    local fd = job:pollfd()
    assert.is_false(readable(fd))
    requests:answer_all()
    assert.is_true(readable(fd))
    assert.is_true(job:step())
  end)

  it("becomes readable when the answer is there, and not before", function()
    local server = played()
    finally(function() server:close() end)
    local job = geelark.start({ "a1" }, { token = "t", base_url = server.url })
    local fd = job:pollfd()
    local connection = server:accept(job)
    connection:read(job)
    -- What sending left to do, and what became due meanwhile where this process was held up.
    local steps = 0
    while readable(fd) or job:timeout() <= 0 do
      assert.is_false(job:step())
      steps = steps + 1
      assert.is_true(steps < 10000, "there is always something to do")
    end
    for _ = 1, 100 do assert.is_false(readable(fd)) end
    assert.equal(fd, job:pollfd())
    assert.equal(1, job:progress().inFlight)
    connection:answer(200, service.envelope(0, 1, {}))
    local loop, woken = cqueues.new(), nil
    loop:wrap(function() woken = cqueues.poll({ pollfd = fd, events = "r" }, 60) end)
    assert(loop:loop())
    assert.not_equal(60, woken) -- else its time was over
    while not job:step() do assert.equal(1, job:progress().inFlight) end
    assert.equal(0, job:progress().inFlight)
    assert.equal(1, assert(job:result()).successAmount)
  end)

  it("is no trouble to cqueues that polled it, wherever the collector comes", function()
    local sim = simulator.start { phones = 0 }
    finally(function() sim:stop() end)
    local loop, failed = cqueues.new(), 0
    loop:wrap(function()
      for i = 1, 20 do
        local job = geelark.start({ "1" }, { token = "simulator", base_url = sim.url })
        while not job:step() do cqueues.poll(job) end
        local result = assert(job:result())
        assert(result.requests[1].attempts == 1, "it was not woken")
        failed = failed + result.failAmount
        if i % 2 == 0 then cqueues.sleep(0) end -- the descriptor's number isn't taken again
        job = geelark.start({ "1" }, { token = "simulator", base_url = sim.url })
        job:step()
        cqueues.poll(job)
        job = nil -- luacheck: ignore
        require "spec.support.collect"()
      end
    end)
    assert(loop:loop())
    assert.equal(20, failed)
  end)
end)
