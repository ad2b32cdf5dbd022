-- A step from within a step: what runs Lua code may call any of our functions.

local finaliser = require "spec.support.finaliser"
local geelark = require "geelark"
local held = require "spec.support.held"
local service = require "spec.support.service"
local shell = require "spec.support.shell"

describe("a callback of a job", function()
  it("can't step it", function()
    local job, message
    local options = service.options(service.success, { on_event = function()
      local ok
      ok, message = pcall(job.step, job)
      assert(not ok)
    end })
    job = geelark.start({ "a1" }, options)
    while not job:step() do assert.is_nil(message) end
    assert.truthy(message:find("inside a callback", 1, true))
    assert.equal(1, assert(job:result()).successAmount)
  end)

  it("may cancel it", function()
    local job
    local options, log = service.options(service.success,
      { chunk_size = 1, concurrency = 1, on_progress = function() job:cancel() end })
    job = geelark.start({ "a1", "b1", "c1" }, options)
    while not job:step() do assert.equal(1, #log) end
    local _, err = job:result()
    assert.equal("cancelled", err.kind)
    assert.equal(1, #log)
  end)

  it("may step another job of its client", function()
    local client, one, other
    local refused = 0
    client = assert(geelark.new((service.options(service.success, { chunk_size = 1,
      on_event = function()
        other:step()
        if not pcall(one.step, one) then refused = refused + 1 end
      end }))))
    other = client:start({ "d1", "e1", "f1" }, { on_event = function() end })
    one = client:start { "a1", "b1", "c1" }
    while not (one:step() and other:step()) do assert.is_true(refused > 0) end
    assert.equal(6, refused) -- sent and settled, three each
    assert.equal(3, assert(one:result()).successAmount)
    assert.equal(3, assert(other:result()).successAmount)
    client:close()
  end)
end)

describe("a finaliser", function()
  -- As soon as possible after it was dropped, at whatever allocation.
  local pause, multiplier
  before_each(function()
    collectgarbage()
    -- A collector without a pause goes over all of busted for each of them in 5.2 and 5.3.
    local is_slow = _VERSION == "Lua 5.2" or _VERSION == "Lua 5.3"
    pause = collectgarbage("setpause", is_slow and 110 or 0)
    multiplier = collectgarbage("setstepmul", is_slow and 200 or 400)
  end)
  after_each(function()
    collectgarbage("setpause", pause)
    collectgarbage("setstepmul", multiplier)
  end)

  local reaches = {
    ["steps the job"] = function(job) pcall(job.step, job) end,
    ["asks for its result"] = function(job) pcall(job.result, job) end,
    ["ends its scope"] = function(job) debug.getmetatable(job).__gc(job) end,
    ["closes its client"] = function(_, client) pcall(client.close, client) end,
    ["collects its client"] = function(_, client) debug.getmetatable(client).__gc(client) end,
    ["answers its requests"] = function(_, _, requests)
      for _, request in ipairs(requests) do request:answer(service.success(request)) end
    end,
  }
  for what, reach in pairs(reaches) do
    it("that " .. what .. " during a step changes nothing", function()
      for try = 1, 20 do
        local client, job
        local stepping, asked, twice, requests = false, {}, 0, {}
        local options = service.options(service.success, { concurrency = 2,
          requests_per_minute = false, requests_per_hour = false,
          on_event = function()
            stepping = true
            finaliser(function() if stepping and job then reach(job, client, requests) end end)
          end })
        options.transport = function(request)
          for _, id in ipairs(request.ids) do
            if asked[id] then twice = twice + 1 end
            asked[id] = true
          end
          requests[#requests + 1] = request
          return service.success(request)
        end
        client = assert(geelark.new(options))
        job = client:start(service.ids(1000 + try))
        local done
        repeat
          done = job:step()
          stepping = false
        until done
        assert.equal(1000 + try, assert(job:result()).successAmount)
        assert.equal(0, twice)
        client:close()
      end
    end)
  end

  it("may step another job, though an answer is being decoded", function()
    local function refused(request)
      local details = {}
      for i, id in ipairs(request.ids) do details[i] = service.failure(id, 43009) end
      return 200, service.envelope(40009, #request.ids, details)
    end
    local wrong
    for _ = 1, 2 do
      local client = assert(geelark.new(service.options({}, { requests_per_minute = false })))
      local other = client:start(service.ids(1000), { transport = refused })
      local function step_other()
        local ran, done = pcall(other.step, other)
        if not ran and not done:find "inside a callback" then wrong = done end
      end
      local job = client:start(service.ids(400), { transport = function(request)
        for _ = 1, 20 do finaliser(step_other) end
        return refused(request)
      end })
      while not job:step() do end
      while not other:step() do end
      assert.is_nil(wrong)
      assert.equal(400, assert(job:result()).failAmount)
      assert.equal(1000, assert(other:result()).failAmount)
    end
  end)
end)

describe("while a job is stepped", function()
  for _, name in ipairs { "on_event", "on_progress", "transport", "now" } do
    it("nothing of it is freed, whatever is called (" .. name .. ")", function()
      local options = service.options(service.success, { chunk_size = 1 })
      local client, job
      local holder = name == "now" and options.clock or options
      local inner = holder[name]
      holder[name] = function(...)
        for _, value in pairs { client, job } do
          local events = debug.getmetatable(value)
          events.__gc(value)
          events.__close(value)
        end
        if job then
          assert(not pcall(job.step, job))
          assert(not pcall(job.result, job))
        end
        if client then assert(not pcall(client.close, client) or not job) end
        if inner then return inner(...) end
      end
      client = assert(geelark.new(options))
      job = client:start(service.ids(5))
      while not job:step() do assert.equal(5, job:progress().totalAmount) end
      assert.equal(5, assert(job:result()).successAmount)
      client:close()
    end)
  end

  it("a request is answered once, though the clock answers it, too", function()
    local options = service.options()
    local current, again
    options.transport = function(request) current = request end
    options.clock.now = function()
      if again then
        local request = again
        again = nil
        assert(request:answer(service.success(request)))
      end
      return 0
    end
    local job = geelark.start({ "a1" }, options)
    job:step()
    again = current
    assert.is_false(current:answer(service.success(current)))
    assert.is_true(job:step())
    assert.equal(1, assert(job:result()).successAmount)
  end)

  it("a whole delete of the same client may run in any callback", function()
    for _, where in ipairs { "send", "settle" } do
      local client
      local deep = false
      local options, log = service.options(service.success, { chunk_size = 1, concurrency = 1 })
      options.on_event = function(event)
        if event.type ~= where or deep then return end
        deep = true
        assert.equal(1, assert(client:delete { "b1" }).successAmount)
        deep = false
      end
      client = assert(geelark.new(options))
      assert.equal(2, assert(client:delete { "a1", "a2" }).successAmount)
      assert.equal(4, #log)
    end
  end)

  it("another client may close, and its own waits", function()
    local options, requests = held()
    local other = assert(geelark.new(options))
    local waiting = other:start { "b1" }
    waiting:step()
    local options2 = service.options(service.success, { on_event = function() other:close() end })
    assert.equal(1, assert(geelark.delete({ "a1" }, options2)).successAmount)
    assert.is_true(waiting:step())
    assert.same({ "b1" }, select(2, waiting:result()).result.unknownIds)
    assert.is_false(requests[1]:answer(200, ""))
  end)

  for _, name in ipairs { "on_event", "on_progress", "transport", "now" } do
    it("the program may end (" .. name .. ")", function()
      local said = shell.output(shell.run_lua(([[
        local geelark, service = require "geelark", require "spec.support.service"
        local options, name = service.options(service.success), %q
        local holder, inner, job = name == "now" and options.clock or options
        inner = holder[name]
        holder[name] = function(...)
          if job then
            print "ends"
            os.exit(0, true)
          end
          if inner then return inner(...) end
        end
        job = geelark.start(service.ids(5), options)
        job:step()
      ]]):format(name)) .. " 2>&1")
      assert.equal("ends", said)
    end)
  end
end)
