-- Jobs and clients: never blocking, sharing what a client has, closing in any state.

local descriptors = require "spec.support.descriptors"
local geelark = require "geelark"
local service = require "spec.support.service"
local simulator = require "spec.support.simulator"

-- Requests wait here until the spec answers them.
local function held(more)
  local requests = {}
  local options = service.options(function(request) requests[#requests + 1] = request end, more)
  return options, requests
end

local function answer_all(requests)
  for i = #requests, 1, -1 do
    local request = table.remove(requests, i)
    request:answer(service.success(request))
  end
end

describe("a job", function()
  it("raises for wrong arguments as delete does", function()
    assert.has_error(function() geelark.start({ "" }, { token = "t" }) end)
    assert.has_error(function() geelark.start({ "a" }, { tokn = "t" }) end)
  end)

  it("has no result before it is done", function()
    local options = held()
    local job = geelark.start({ "a" }, options)
    assert.is_false(job:step())
    assert.has_error(function() job:result() end)
  end)

  it("does in each step what can be done now, and no more", function()
    local options, requests = held { chunk_size = 1, concurrency = 2 }
    local job = geelark.start({ "a", "b", "c" }, options)
    assert.is_false(job:step())
    assert.equal(2, #requests)
    assert.equal(2, job:progress().inFlight)
    answer_all(requests)
    assert.is_false(job:step())
    assert.equal(1, #requests)
    answer_all(requests)
    assert.is_true(job:step())
    assert.is_true(job:step())
    local result = assert(job:result())
    assert.equal(3, result.successAmount)
    assert.equal(result, job:result())
  end)

  it("speaks the cqueues protocol", function()
    local job = geelark.start({ "a" }, { token = "t", base_url = "http://127.0.0.1:9",
      attempts = 1 })
    assert.equal("number", type(job:pollfd()))
    assert.equal("r", job:events())
    while not job:step(1) do assert.is_true((job:timeout() or 0) >= 0) end
    local _, err = job:result()
    assert.equal("network", err.kind)
  end)

  it("is woken through its descriptor when the caller's transport answers", function()
    local options, requests = held()
    local job = geelark.start({ "a" }, options)
    job:step()
    local readable = require "spec.support.native" "readable"
    local fd = job:pollfd()
    assert.is_false(readable(fd))
    answer_all(requests)
    assert.is_true(readable(fd))
    assert.is_true(job:step())
  end)

  it("holds no descriptor once its result was taken, whatever the collector does", function()
    local sim = simulator.start { phones = 0 }
    finally(function() sim:stop() end)
    local options = { token = "simulator", base_url = sim.url }
    local client = assert(geelark.new(options))
    local function whole(start)
      local job = start { "1" }
      assert.equal("number", type(job:pollfd()))
      while not job:step(1) do assert.equal("number", type(job:pollfd())) end
      assert(job:result())
      assert.is_nil(job:pollfd())
      assert.is_true(job:step())
      assert.equal(0, job:timeout())
      assert.equal(1, job:progress().failAmount)
      assert.equal(1, assert(job:result()).failAmount)
      return job
    end
    local jobs = { whole(function(ids) return client:start(ids) end) }
    for _ = 1, 3 do collectgarbage() end -- what others dropped
    local before = descriptors()
    for _ = 1, 10 do
      jobs[#jobs + 1] = whole(function(ids) return client:start(ids) end)
      jobs[#jobs + 1] = whole(function(ids) return geelark.start(ids, options) end)
    end
    assert.is_true(descriptors() < before + 10) -- 20 jobs; what others dropped may go late
    assert.equal(21, #jobs)
    client:close()
  end)

  it("is no trouble to cqueues that polled it, wherever the collector comes", function()
    local cqueues = require "cqueues" -- Debian: lua-cqueues
    local sim = simulator.start { phones = 0 }
    finally(function() sim:stop() end)
    local loop, failed = cqueues.new(), 0
    loop:wrap(function()
      for i = 1, 20 do
        local job = geelark.start({ "1" }, { token = "simulator", base_url = sim.url })
        while not job:step() do
          local from = cqueues.monotime()
          cqueues.poll(job)
          assert(cqueues.monotime() - from < 5, "it was not woken")
        end
        failed = failed + assert(job:result()).failAmount
        if i % 2 == 0 then cqueues.sleep(0) end -- the descriptor's number isn't taken again
        job = geelark.start({ "1" }, { token = "simulator", base_url = sim.url })
        job:step()
        cqueues.poll(job)
        job = nil -- luacheck: ignore
        collectgarbage()
        collectgarbage()
      end
    end)
    assert(loop:loop())
    assert.equal(20, failed)
  end)

  it("that is cancelled sends nothing more and waits for what is in flight", function()
    local options, requests = held { chunk_size = 1, concurrency = 1 }
    local job = geelark.start({ "a", "b" }, options)
    job:step()
    job:cancel()
    assert.is_false(job:step())
    answer_all(requests)
    assert.is_true(job:step())
    local result, err = job:result()
    assert.is_nil(result)
    assert.equal("cancelled", err.kind)
    assert.equal(1, err.result.successAmount)
    assert.same({ "b" }, err.result.pendingIds)
    assert.equal(0, #requests)
  end)

  it("that is cancelled doesn't try a lost answer again: it is unknown", function()
    local options, requests = held { concurrency = 1 }
    local job = geelark.start({ "a" }, options)
    job:step()
    job:cancel()
    requests[1]:fail("reset", true)
    assert.is_true(job:step())
    local _, err = job:result()
    assert.same({ "a" }, err.result.unknownIds)
  end)

  it("can't be stepped from inside its own callback", function()
    local job, message
    local options = service.options(service.success, { on_event = function()
      local fine
      fine, message = pcall(job.step, job)
      assert(not fine)
    end })
    job = geelark.start({ "a" }, options)
    while not job:step() do assert.is_true(true) end
    assert.truthy(message:find("inside a callback", 1, true))
    assert.equal(1, assert(job:result()).successAmount)
  end)

  it("may be cancelled from inside its own callback", function()
    local job
    local options, log = service.options(service.success,
      { chunk_size = 1, concurrency = 1, on_progress = function() job:cancel() end })
    job = geelark.start({ "a", "b", "c" }, options)
    while not job:step() do assert.is_true(true) end
    local _, err = job:result()
    assert.equal("cancelled", err.kind)
    assert.equal(1, #log)
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

  it("dropped unfinished is closed by the collector", function()
    local options, requests = held()
    local seen = setmetatable({}, { __mode = "k" })
    do
      local job = geelark.start({ "a" }, options)
      job:step()
      seen[job] = true
    end
    local request = requests[1]
    requests[1] = nil
    assert.is_true(request:answer(service.success(request))) -- a request keeps its job
    request = nil -- luacheck: ignore
    for _ = 1, 4 do collectgarbage() end
    assert.is_nil(next(seen))
  end)

  it("survives the collector at any point", function()
    collectgarbage "stop"
    local options = service.options(function(request)
      collectgarbage()
      return service.success(request)
    end, { chunk_size = 1, on_progress = function() collectgarbage() end })
    assert.equal(20, assert(geelark.delete(service.ids(20), options)).successAmount)
    collectgarbage "restart"
  end)

  it("is told apart from anything else", function()
    local job = geelark.start({}, {})
    assert.has_error(function() job.step {} end)
    assert.has_error(function() job.step(io.stdout) end)
    assert.equal("geelark job (under way, 0 ids)", tostring(job))
    assert.is_true(job:step())
  end)
end)

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
    local fine, message = pcall(client.delete, client, { "a" }, { token = "other" })
    assert.is_false(fine)
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
      answer_all(requests)
    end
    for _ = 1, 3 do
      for i = 1, 3 do jobs[i]:step() end
      answer_all(requests)
    end
    local turns = { 0, 0, 0 }
    for i = 2, 10 do turns[order[i]] = turns[order[i]] + 1 end -- once all three are waiting
    assert.same({ 3, 3, 3 }, turns)
  end)

  it("that closes ends its jobs: what is in flight is unknown", function()
    local options = held { chunk_size = 1, concurrency = 1 }
    local client = assert(geelark.new(options))
    local job = client:start { "a", "b" }
    job:step()
    client:close()
    client:close()
    assert.is_true(job:step())
    local _, err = job:result()
    assert.equal("cancelled", err.kind)
    assert.same({ "a" }, err.result.unknownIds)
    assert.same({ "b" }, err.result.pendingIds)
    assert.has_error(function() client:delete { "a" } end, "this geelark client is closed")
    assert.equal("geelark client (closed)", tostring(client))
  end)

  it("that closes wakes the jobs that wait for nothing but time", function()
    local readable = require "spec.support.native" "readable"
    local options = service.options(service.success, { chunk_size = 1, requests_per_minute = 1 })
    local client = assert(geelark.new(options))
    local job = client:start { "a", "b" }
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

  it("that leaves its scope ends its jobs, and raises nothing", function()
    local close = debug.getmetatable(assert(geelark.new { token = "t" })).__close
    local client, job, fine
    client = assert(geelark.new((held { chunk_size = 1, on_event = function()
      fine = pcall(close, client)
    end })))
    job = client:start { "a" }
    job:step()
    assert.is_true(fine)
    close(client)
    close(client)
    assert.is_true(job:step())
    assert.same({ "a" }, select(2, job:result()).result.unknownIds)
  end)

  it("goes with its jobs to the collector in any order", function()
    for _ = 1, 50 do
      local client = assert(geelark.new((held())))
      local job = client:start { "a" }
      job:step()
      client, job = nil, nil -- luacheck: ignore
    end
    for _ = 1, 3 do collectgarbage() end
    assert.is_true(true)
  end)
end)

describe("after a fork", function()
  it("the child is refused, the parent goes on", function()
    local fork = require "spec.support.native" "fork"
    local options, requests = held()
    local client = assert(geelark.new(options))
    local job = client:start { "a" }
    job:step()
    local told = fork(function()
      local stepped, message = pcall(job.step, job)
      local called = pcall(client.delete, client, { "b" })
      return not stepped and not called and message:find("before a fork", 1, true) ~= nil
    end)
    assert.is_true(told)
    answer_all(requests)
    assert.is_true(job:step())
    assert.equal(1, assert(job:result()).successAmount)
  end)
end)

describe("over real sockets", function()
  local readable = require "spec.support.native" "readable"
  local phones = require("geelark.simulator").ids
  local sim
  after_each(function() if sim then sim:stop() sim = nil end end)

  -- Options of a job whose phones are simulated.
  local function simulated(options, more)
    sim = simulator.start(options)
    local all = { token = "simulator", base_url = sim.url }
    for name, value in pairs(more or {}) do all[name] = value end
    return all
  end

  -- Steps jobs in turn until all are done.
  local function finish(...)
    local left = { ... }
    while left[1] do
      for i = #left, 1, -1 do
        if left[i]:step(0.01) then table.remove(left, i) end
      end
    end
  end

  -- Steps a job until its request has surely arrived.
  local function send(job)
    repeat job:step(0.01) until #sim:state().requests > 0
  end

  it("the descriptor is readable when the answer is there, and not before", function()
    local job = geelark.start(phones(1), simulated { phones = 1, plan = { { delay = 0.3 } } })
    local fd = job:pollfd()
    send(job)
    assert.is_false(job:step())
    assert.is_false(readable(fd))
    assert.equal(fd, job:pollfd())
    assert.equal("r", job:events())
    assert.equal(1, job:progress().inFlight)
    assert.is_true(job:timeout() > 0)
    local until_then = os.time() + 10
    while not readable(fd) do assert(os.time() < until_then, "nothing made it readable") end
    assert.equal(1, job:progress().inFlight)
    assert.is_true(job:step())
    assert.equal(0, job:progress().inFlight)
    local result = assert(job:result())
    assert.equal(1, result.successAmount)
    assert.is_true(result.requests[1].seconds >= 0.3)
  end)

  it("a step without a time waits for nothing", function()
    local job = geelark.start(phones(1), simulated { phones = 1, plan = { { delay = 0.3 } } })
    send(job)
    local steps = 0
    while not job:step() do steps = steps + 1 end
    assert.is_true(steps > 1000, steps .. " steps in 0.3 s")
    assert.equal(1, #sim:state().requests)
  end)

  it("a cancel waits for what is in flight, a drop doesn't", function()
    local options = simulated({ phones = 2, plan = { { delay = 0.1 }, { delay = 20 } } },
      { chunk_size = 1, concurrency = 1 })
    local job = geelark.start(phones(2), options)
    send(job)
    job:cancel()
    finish(job)
    local _, err = job:result()
    assert.equal("cancelled", err.kind)
    assert.equal(1, err.result.successAmount)
    assert.equal(1, #err.result.pendingIds)

    for _ = 1, 3 do collectgarbage() end -- what others dropped
    local before = descriptors()
    job = geelark.start(phones(2), options)
    job:pollfd()
    repeat job:step(0.01) until #sim:state().requests == 2
    assert.is_true(descriptors() > before)
    job = nil -- luacheck: ignore
    for _ = 1, 3 do collectgarbage() end
    assert.is_true(descriptors() <= before) -- fewer, where the collector was late
  end)

  it("two jobs of one client share its connections, its places and its quota", function()
    local client = assert(geelark.new(simulated({ phones = 6 },
      { chunk_size = 1, concurrency = 1, requests_per_minute = 5, deadline = 1 })))
    local ids = phones(6)
    local one = client:start { ids[1], ids[2], ids[3] }
    local other = client:start { ids[4], ids[5], ids[6] }
    finish(one, other)
    local deleted, pending = 0, 0
    for _, job in ipairs { one, other } do
      local result, err = job:result()
      result = result or err.result
      deleted, pending = deleted + result.successAmount, pending + #result.pendingIds
    end
    assert.same({ 5, 1 }, { deleted, pending })
    local state = sim:state()
    assert.same({ 1, 1, 5 }, { state.connections, state.maxInFlight, #state.requests })
    client:close()
  end)

  it("a job may step another one from its callback, and not itself", function()
    local client, one, other
    local refused = 0
    client = assert(geelark.new(simulated({ phones = 6 }, { chunk_size = 1, on_event = function()
      other:step()
      if not pcall(one.step, one) then refused = refused + 1 end
    end })))
    local ids = phones(6)
    other = client:start({ ids[4], ids[5], ids[6] }, { on_event = function() end })
    one = client:start { ids[1], ids[2], ids[3] }
    finish(one, other)
    assert.equal(6, refused) -- sent and settled, three each
    assert.equal(3, assert(one:result()).successAmount)
    assert.equal(3, assert(other:result()).successAmount)
    client:close()
  end)

  it("a job outlives the coroutine that started it, and goes on in any other", function()
    local options = simulated { phones = 40 }
    local jobs = {}
    coroutine.wrap(function()
      for i = 1, 4 do
        local ids = {}
        for j = 1, 10 do ids[j] = phones(40)[(i - 1) * 10 + j] end
        options.on_progress = function(progress) assert(progress.totalAmount == 10) end
        options.chunk_size = 3
        jobs[i] = geelark.start(ids, options)
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

  it("the collector may come with every allocation", function()
    local options = simulated(
      { phones = 60, states = { started = 6 }, plan = { { close = "after" } } },
      { chunk_size = 10, on_progress = function() end, on_event = function() end })
    collectgarbage() -- a cycle from here on takes a few steps
    local pause = collectgarbage("setpause", 0)
    local multiplier = collectgarbage("setstepmul", 400)
    local ran, result = pcall(function()
      local job = geelark.start(phones(60), options)
      while not job:step(0.01) do collectgarbage "step" end
      return assert(job:result())
    end)
    collectgarbage("setpause", pause)
    collectgarbage("setstepmul", multiplier)
    assert(ran, result)
    assert.equal(60, result.totalAmount)
    assert.equal(6, result.failAmount)
    assert.is_true(#result.presumedIds > 0)
  end)

  it("a fork's child is refused and harms nothing; the parent goes on", function()
    local fork = require "spec.support.native" "fork"
    local options = simulated { phones = 1, plan = { { delay = 0.2 } } }
    local client = assert(geelark.new(options))
    local job = client:start(phones(1))
    job:pollfd()
    send(job)
    local told = fork(function()
      local all = true
      for _, method in ipairs { "step", "pollfd", "timeout", "progress", "result", "cancel" } do
        local fine, message = pcall(job[method], job)
        all = all and not fine and message:find("by another process, before a fork", 1, true)
      end
      job, client = nil, nil
      for _ = 1, 3 do collectgarbage() end
      return all and true
    end)
    assert.is_true(told)
    finish(job)
    assert.equal(1, assert(job:result()).successAmount)
    local state = sim:state()
    assert.same({ 1, 1 }, { #state.requests, state.connections })
    client:close()
  end)
end)
