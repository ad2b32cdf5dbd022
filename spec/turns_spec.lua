-- Jobs of one client of which some are stepped and others aren't: nobody holds up anybody.

local cqueues = require "cqueues" -- Debian: lua-cqueues
local fork = require "spec.support.native" "fork"
local geelark = require "geelark"
local held = require "spec.support.held"
local played = require "spec.support.played"
local readable = require "spec.support.native" "readable"
local service = require "spec.support.service"

-- So many jobs of a client, each with a descriptor; each asks for so many ids.
local function start(client, count, amount, options)
  local jobs = {}
  for i = 1, count do
    jobs[i] = client:start(service.ids(amount), options)
    jobs[i]:pollfd()
  end
  return jobs
end

-- Waits for the job's descriptor alone; false where nothing but a minute's time came.
local function is_woken(job)
  local fd, loop, woken = job:pollfd(), cqueues.new(), nil
  loop:wrap(function() woken = cqueues.poll({ pollfd = fd, events = "r" }, 60) end)
  assert(loop:loop())
  return woken ~= 60
end

describe("a job that alone is stepped of its client's", function()
  it("gets every place though the others were stepped once and wait in front", function()
    local options, requests = held { chunk_size = 1, concurrency = 1, requests_per_minute = false }
    local client = assert(geelark.new(options))
    local jobs = start(client, 64, 10)
    for i = 1, 64 do jobs[i]:step() end
    local last, steps = jobs[64], 0
    while not last:step() do -- while the clock stands still
      requests:answer_all()
      steps = steps + 1
      assert.is_true(steps < 300, "it isn't let through")
    end
    assert.equal(10, assert(last:result()).successAmount)
    client:close()
  end)

  it("needs no turn where its step waits", function()
    local options, requests = held { chunk_size = 1, concurrency = 1, requests_per_minute = false }
    local client = assert(geelark.new(options))
    for _, job in ipairs(start(client, 64, 10)) do job:step() end
    local started = options.clock.now()
    requests:answer_all()
    local result = assert(client:delete(service.ids(20),
      { transport = service.success, deadline = 60 }))
    assert.equal(20, result.successAmount)
    assert.equal(started, options.clock.now())
    client:close()
  end)

  it("is woken by the network, however many have a descriptor", function()
    local server = played()
    finally(function() server:close() end)
    local client = assert(geelark.new { token = "t", base_url = server.url, concurrency = 64 })
    local jobs = start(client, 64, 1)
    for _, n in ipairs { 64, 1, 33 } do
      local job = jobs[n]
      local connection = server.connections[1]
      if not connection then connection = server:accept(job) end
      connection:read(job)
      while readable(job:pollfd()) do assert.is_false(job:step()) end
      connection:answer(200, service.envelope(0, 1, {}))
      repeat assert.is_true(is_woken(job)) until job:step()
      assert.equal(1, assert(job:result()).successAmount)
    end
    client:close()
  end)

  it("gets the place of a request that nobody answers and nobody times", function()
    local options, requests = held { concurrency = 1, timeout = 5, attempts = 1 }
    local client = assert(geelark.new(options))
    local dropped, job = client:start { "a1" }, client:start { "b1" }
    dropped:step()
    job:step()
    local now = options.clock.now()
    assert.near(5, job:timeout(), 1e-6)
    options.clock.sleep(5)
    assert.is_false(job:step())
    assert.equal(2, #requests)
    assert.equal(now + 5, options.clock.now())
    requests[2]:answer(service.success(requests[2]))
    assert.is_true(job:step())
    assert.is_true(dropped:step())
    assert.same({ "a1" }, select(2, dropped:result()).result.unknownIds)
  end)
end)

describe("a job that waits for a place", function()
  -- Two jobs that wait for the one place of a client, beside the one that has it.
  local function waiting()
    local options, requests = held { chunk_size = 1, concurrency = 1, requests_per_minute = false }
    local client = assert(geelark.new(options))
    local jobs = start(client, 3, 1)
    for i = 1, 3 do
      jobs[i]:step()
      jobs[i]:step()
    end
    assert.is_false(readable(jobs[2]:pollfd()) or readable(jobs[3]:pollfd()))
    return jobs, requests
  end

  it("is woken when it is its turn, and only then", function()
    local jobs, requests = waiting()
    requests:answer_all()
    assert.is_true(readable(jobs[2]:pollfd()))
    assert.is_false(readable(jobs[3]:pollfd()))
  end)

  it("is woken where the one before it has no use for its turn", function()
    local jobs, requests = waiting()
    requests:answer_all()
    jobs[2]:cancel()
    assert.is_true(jobs[2]:step())
    assert.is_true(readable(jobs[3]:pollfd()))
    jobs[3]:step()
    assert.equal(1, #requests)
  end)

  it("is woken where the one before it was dropped", function()
    local jobs, requests = waiting()
    requests:answer_all()
    jobs[2] = nil
    require "spec.support.collect"()
    assert.is_true(readable(jobs[3]:pollfd()))
  end)

  it("is woken to wait for the minute's limit, though another had the turn before", function()
    local jobs, requests = waiting()
    requests[1]:answer(service.code(40007))
    jobs[1]:step() -- nothing may leave for a minute
    jobs[2]:step() -- whose turn it was
    assert.is_true(readable(jobs[3]:pollfd()))
    jobs[3]:step()
    assert.is_false(readable(jobs[3]:pollfd()))
    assert.near(60, jobs[3]:timeout(), 1e-6)
  end)

  it("is woken to wait for a quota of which all was in flight", function()
    local options, requests = held { requests_per_minute = 1 }
    local jobs = start(assert(geelark.new(options)), 2, 1)
    jobs[1]:step()
    jobs[2]:step()
    jobs[2]:step()
    assert.is_false(readable(jobs[2]:pollfd()))
    requests:answer_all()
    assert.is_true(readable(jobs[2]:pollfd()))
    jobs[2]:step()
    assert.is_false(readable(jobs[2]:pollfd()))
    assert.near(60, jobs[2]:timeout(), 0.1)
  end)

  it("takes it while a callback of the other's runs, even for good", function()
    local options, requests = held { chunk_size = 1, concurrency = 1 }
    local client = assert(geelark.new(options))
    local second = client:start { "b1" }
    local first = client:start({ "a1" }, { on_event = function()
      assert.is_false(second:step())
      assert.equal(1, #requests)
      error "no"
    end })
    assert.is_true(first:step())
    assert.equal(1, #requests)
  end)

  it("is woken though it lost a turn of which it could make no use", function()
    local options, requests = held { chunk_size = 1, requests_per_minute = false }
    local client = assert(geelark.new(options))
    local wide = client:start(service.ids(5), { concurrency = 2 })
    local narrow = client:start({ "b1" }, { concurrency = 1 })
    local fd = narrow:pollfd()
    wide:step()
    narrow:step()
    for _ = 1, 2 do
      local request = table.remove(requests, 1)
      request:answer(service.success(request))
      narrow:step() -- it has come, but one is in flight
      for _ = 1, 3 do
        wide:step()
        options.clock.sleep(1)
      end
      assert.equal(2, #requests)
    end
    wide:cancel()
    requests:answer_all()
    assert.is_true(wide:step())
    assert.is_true(readable(fd))
    narrow:step()
    assert.equal(1, #requests)
  end)

  it("isn't woken by the collector of a child process", function()
    local jobs, requests = waiting()
    assert.is_true(fork(function()
      jobs[1], requests[1] = nil, nil
      require "spec.support.collect"()
      return true
    end))
    assert.is_false(readable(jobs[2]:pollfd()) or readable(jobs[3]:pollfd()))
    requests:answer_all()
    jobs[2]:step()
    assert.equal(1, #requests)
  end)
end)

describe("a job that waits for time to pass", function()
  -- Has two jobs stepped as an event loop would, so long; the first is under way.
  local function step_both(first, second, clock, seconds)
    local till = clock.now() + seconds
    repeat
      local done = second:step()
      first:step()
      if done then return true end
      local wait = math.min(first:timeout(), second:timeout() or 0, till - clock.now())
      clock.sleep(math.max(wait, 1e-3))
    until clock.now() >= till
    return false
  end

  it("for a path of its own holds up no other path", function()
    local options, log = service.options(function(request)
      if request.path:find "stop" then return service.code(40007) end
      local id = request.ids[1]
      if id ~= "a1" then return service.success(request) end
      return 200, service.envelope(0, 1, { service.failure(id, 43009) })
    end, { chunk_size = 1 })
    local client = assert(geelark.new(options))
    local stopping = client:start({ "a1" }, { stop_started = true })
    stopping:step()
    assert.equal(2, #log)
    assert.is_true(step_both(stopping, client:start { "b1", "b2", "b3" }, options.clock, 1))
  end)

  it("until its next try holds up nobody", function()
    local options, requests = held { chunk_size = 1, concurrency = 1 }
    local client = assert(geelark.new(options))
    local failing = client:start { "a1", "a2" }
    failing:step() -- and waits for the place that it has, too
    for _ = 1, 6 do -- until the pause is a long one
      requests[1]:fail("refused", false)
      table.remove(requests)
      failing:step()
      local wait = failing:timeout()
      if wait > 1 then break end
      options.clock.sleep(wait)
      failing:step()
    end
    assert.is_true(failing:timeout() > 1)
    local other = client:start({ "b1" }, { transport = service.success })
    assert.is_true(step_both(failing, other, options.clock, 0.5))
  end)
end)

describe("jobs of a client that hears nothing but 40007", function()
  -- Steps them as an event loop would until all are done; tells when the first and the last was.
  local function drive(jobs, clock)
    local first, last
    repeat
      local wait = math.huge
      for job in pairs(jobs) do
        if job:step() then
          first, last = first or clock.now(), clock.now()
          jobs[job] = nil
        else
          wait = math.min(wait, job:timeout())
        end
      end
      if next(jobs) then clock.sleep(math.max(wait, 1e-3)) end
    until not next(jobs)
    return first, last
  end

  local function start_many(client, options)
    local jobs, list = {}, {}
    for i = 1, 30 do
      list[i] = client:start({ "a" .. i }, options)
      jobs[list[i]] = true
    end
    return jobs, list
  end

  it("end after five minutes, however many they are", function()
    local options, log = service.options { { service.code(40007) } }
    local client = assert(geelark.new(options))
    local jobs, list = start_many(client)
    local first, last = drive(jobs, options.clock)
    assert.is_true(first >= 300 and last <= 361, first .. " to " .. last)
    assert.is_true(#log <= 7)
    for i = 1, 30 do
      local _, err = list[i]:result()
      assert.same({ "quota", 60 }, { err.kind, err.retryAfter })
      assert.same({ "a" .. i }, err.result.pendingIds)
    end
    local _, err = client:delete { "b1" } -- one that comes later has five minutes of its own
    assert.equal("quota", err.kind)
    assert.is_true(log.now() >= last + 300, log.now())
  end)

  it("end what stops phones alone where they hear it there alone", function()
    local options = service.options(function(request)
      if request.path:find "stop" then return service.code(40007) end
      return 200, service.envelope(0, 1, { service.failure(request.ids[1], 43009) })
    end)
    local jobs, list = start_many(assert(geelark.new(options)),
      { stop_started = true, stop_timeout = 1e5 })
    local first, last = drive(jobs, options.clock)
    assert.is_true(first >= 300 and last <= 361, first .. " to " .. last)
    for i = 1, 30 do
      local failed = assert(list[i]:result()).failDetails[1]
      assert.same({ "a" .. i, 43009 }, { failed.id, failed.code })
    end
  end)

  it("go on where one of them got an answer within the five minutes", function()
    local options = service.options(function(request, n)
      if n ~= 4 and n < 8 then return service.code(40007) end
      return service.success(request)
    end)
    local jobs, list = start_many(assert(geelark.new(options)))
    drive(jobs, options.clock)
    for i = 1, 30 do assert.equal(1, assert(list[i]:result()).successAmount) end
  end)
end)
