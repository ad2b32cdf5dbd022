-- The rules of the engine against the simulator, over real HTTP, where things really break.

local geelark = require "geelark"
local service = require "spec.support.service"
local shell = require "spec.support.shell"
local simulator = require "geelark.simulator"
local start = require("spec.support.simulator").start

local sim

local function run(count, plan, options, world)
  world = world or {}
  world.phones, world.plan = count, plan
  sim = start(world)
  local ids = simulator.ids(count)
  local all = { token = "simulator", base_url = sim.url }
  for name, value in pairs(options or {}) do all[name] = value end
  local result, err = geelark.delete(ids, all)
  return result, err, sim:state(), ids
end

describe("over HTTP, where", function()
  after_each(function() if sim then sim:stop() sim = nil end end)

  local lost_after = {
    { "the connection closes after the deed", { close = "after" } },
    { "the connection is reset after the deed", { close = "after", reset = true } },
    { "the body is cut", { cut = 30 } },
    { "502 comes after the deed", { status = 502, act = true } },
    { "an empty 524 comes after the deed", { status = 524, act = true } },
    { "garbage comes after the deed", { body = "<html>oops</html>" } },
    { "JSON without code comes after the deed", { status = 502, act = true, body = '{"a":1}' } },
    { "the amounts don't add up", { amounts = { successAmount = 7 } } },
    { "a stranger is named", { stranger = "999" } },
    { "the answer comes too late", { delay = 1 }, { timeout = 0.3 } },
  }
  for _, case in ipairs(lost_after) do
    it(case[1] .. ", the phones are gone and presumed so", function()
      local result, err, state, ids = run(30, { case[2] }, case[3])
      assert.is_nil(err)
      assert.equal(30, result.successAmount)
      assert.same(ids, result.presumedIds)
      assert.equal(2, #state.requests)
      assert.equal(0, state.phoneCount)
      assert.equal(2, result.requests[1].attempts)
    end)
  end

  local lost_before = {
    { "the connection closes before the deed", { close = "before" } },
    { "502 comes before the deed", { status = 502 } },
    { "429 comes", { status = 429 } },
    { "50000 comes over HTTP 200", { refuse = 50000 } },
  }
  for _, case in ipairs(lost_before) do
    it(case[1] .. ", the second try deletes and nothing is presumed", function()
      local result, _, state = run(30, { case[2] })
      assert.equal(30, result.successAmount)
      assert.same({}, result.presumedIds)
      assert.equal(0, state.phoneCount)
    end)
  end

  it("one id in 100 is bad, it takes at most 16 requests", function()
    local ids = simulator.ids(100)
    local result, _, state = run(100, nil, nil, { bad_ids = { ids[37] } })
    assert.equal(99, result.successAmount)
    assert.equal(ids[37], result.failDetails[1].id)
    assert.is_true(#state.requests <= 16, #state.requests .. " requests")
  end)

  it("a lock comes after three requests, only those in flight reach the service", function()
    for _, concurrency in ipairs { 1, 2, 4 } do
      local locked = "return function(n) if n > 3 then return { refuse = 40014 } end end"
      local _, err, state = run(40, locked, { chunk_size = 2, concurrency = concurrency })
      assert.equal("locked", err.kind)
      assert.equal(7200, err.retryAfter)
      assert.is_true(#state.requests >= 4 and #state.requests <= 3 + concurrency)
      assert.equal(40 - state.phoneCount, err.result.successAmount)
      sim:stop()
    end
  end)

  it("a kept connection was closed meanwhile, nothing is presumed", function()
    sim = start { phones = 4, plan = { { close_idle = 0 } } }
    local ids = simulator.ids(4)
    local client = assert(geelark.new { token = "simulator", base_url = sim.url })
    local first = assert(client:delete { ids[1], ids[2] })
    assert.equal(2, first.successAmount)
    while sim:state().openConnections > 0 do assert.is_true(true) end
    local second = assert(client:delete { ids[3], ids[4] })
    assert.equal(2, second.successAmount)
    assert.same({}, second.presumedIds)
    assert.equal(1, second.requests[1].attempts)
    client:close()
  end)

  for _, how in ipairs { { close = "after" }, { close = "after", reset = true } } do
    it("a kept connection " .. (how.reset and "is reset" or "closes")
        .. " after the deed, libcurl sends nothing again by itself", function()
      local result, err, state, ids = run(4, { false, how }, { chunk_size = 2, concurrency = 1 })
      assert.is_nil(err)
      assert.same({ ids[3], ids[4] }, result.presumedIds)
      assert.equal(2, result.requests[2].attempts)
      assert.equal(3, #state.requests)
      assert.not_equal(state.requests[2].traceId, state.requests[3].traceId)
    end)
  end

  it("the deadline passes, what is in flight is unknown", function()
    local _, err = run(3, { { delay = 5, times = 9 } }, { deadline = 0.2, chunk_size = 1 })
    assert.equal("deadline", err.kind)
    assert.equal(2, #err.result.unknownIds)
    assert.equal(1, #err.result.pendingIds)
  end)

  it("an interrupt that meets the reading of an answer is no lost answer", function()
    -- As the interpreter's does, the hook raises once, at the next call after the signal.
    local requests, answered = 0, false
    local function interrupt()
      if not answered then return end
      debug.sethook()
      error "interrupted!"
    end
    local _, err = geelark.delete({ "a", "b" }, { token = "t", chunk_size = 1, concurrency = 1,
      transport = function(request)
        requests = requests + 1
        if requests == 1 then debug.sethook(interrupt, "c") end
        local status, body = service.success(request)
        answered = true
        return status, body
      end })
    debug.sethook()
    assert.equal(1, requests)
    assert.equal("cancelled", err.kind)
    assert.equal(1, err.result.successAmount)
    assert.same({ "b" }, err.result.pendingIds)
  end)

  it("Ctrl-C is pressed, the script ends with the account", function()
    sim = start { phones = 3, plan = { { delay = 0.5, times = 9 } } }
    -- It tells its own process id just before it waits for the first answer.
    local script = ([[
      local geelark = require "geelark"
      local pid = io.popen("echo $PPID"):read()
      local result, err = geelark.delete({ %q, %q, %q }, { token = "simulator", base_url = %q,
        chunk_size = 1, concurrency = 1,
        on_event = function(event)
          if event.type == "send" then print(pid) io.stdout:flush() end
        end })
      print(result, err.kind, err.result.successAmount, #geelark.remaining(err.result))
    ]]):format(simulator.ids(3)[1], simulator.ids(3)[2], simulator.ids(3)[3], sim.url)
    local pipe = assert(io.popen(shell.run_lua(script) .. " 2>&1"))
    local pid = assert(tonumber((pipe:read "*l")))
    os.execute(("kill -INT %d"):format(pid))
    local said = pipe:read "*a"
    pipe:close()
    -- The callback that runs at that moment may be what is interrupted.
    local kind, deleted, left = said:match "nil\t(%l+)\t(%d)\t(%d)"
    assert.is_true(kind == "cancelled" or kind == "callback", said)
    assert.equal(3, deleted + left)
    assert.equal(left + 0, sim:state().phoneCount)
  end)
end)
