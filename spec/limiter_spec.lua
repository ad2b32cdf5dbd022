-- A limiter of the caller's: asked before each request, told of each answer.

local collect = require "spec.support.collect"
local fork = require "spec.support.native" "fork"
local geelark = require "geelark"
local held = require "spec.support.held"
local service = require "spec.support.service"

describe("a limiter", function()
  it("needs both its functions, and no others", function()
    local nothing = function() end
    assert.has_error(function() geelark.delete({}, { limiter = { take = nothing } }) end,
      "bad argument #2 to 'delete' (limiter.give: function expected, got nil)")
    assert.has_error(function()
      geelark.delete({}, { limiter = { take = nothing, give = nothing, tke = nothing } })
    end, "bad argument #2 to 'delete' (limiter.tke: unknown, there is take, give)")
    assert.has_error(function() geelark.delete({}, { limiter = 5 }) end,
      "bad argument #2 to 'delete' (limiter: table expected, got 5)")
  end)

  it("is asked before each request and gets its token back once, after the answer", function()
    local log, tokens = {}, 0
    local options = service.options(function(request)
      log[#log + 1] = "send"
      return service.success(request)
    end, { chunk_size = 1, concurrency = 1, limiter = {
      take = function(seconds, path)
        assert(seconds == 60 and path == "/open/v1/phone/delete")
        tokens = tokens + 1
        log[#log + 1] = "take " .. tokens
        return { tokens }
      end,
      give = function(token) log[#log + 1] = "give " .. token[1] end,
    } })
    assert(geelark.delete({ "a1", "b1" }, options))
    assert.same({ "take 1", "send", "give 1", "take 2", "send", "give 2" }, log)
  end)

  it("that says no is asked again after so many seconds", function()
    local asked = {}
    local options
    options = service.options(service.success, { limiter = {
      take = function()
        asked[#asked + 1] = options.clock.now()
        if #asked < 3 then return nil, 7.5 end
        return true
      end,
      give = function() end,
    } })
    local started = options.clock.now()
    assert(geelark.delete({ "a1" }, options))
    for i = 1, 3 do assert.near(started + 7.5 * (i - 1), asked[i], 1e-6) end
    assert.equal(3, #asked)
  end)

  it("that raises stops the job, and each id is accounted for", function()
    local options, log = service.options(service.success, { limiter = {
      take = function() error("no limiter today", 0) end, give = function() end } })
    local _, err = geelark.delete({ "a1" }, options)
    assert.equal("callback", err.kind)
    assert.matches("limiter.take: no limiter today", err.message, 1, true)
    assert.same({ "a1" }, err.result.pendingIds)
    assert.equal(0, #log)

    options = service.options(service.success, { chunk_size = 1, concurrency = 1, limiter = {
      take = function() return 1 end, give = function() error("gone", 0) end } })
    _, err = geelark.delete({ "a1", "b1" }, options)
    assert.equal("callback", err.kind)
    assert.matches("limiter.give: gone", err.message, 1, true)
    assert.equal(1, err.result.successAmount)
    assert.same({ "b1" }, err.result.pendingIds)
  end)

  -- When it was asked, and what became of a job whose limiter answers with what `answer` returns.
  local function asked_of(answer, more)
    local asked = {}
    local options, log = service.options(service.success, more)
    options.limiter = { give = function() end, take = function()
      asked[#asked + 1] = options.clock.now()
      return answer(#asked, asked[#asked])
    end }
    local result, err = geelark.delete({ "a1", "b1" }, options)
    return asked, result, err, log
  end

  it("whose store can't be asked is asked again for max_wait, and then the job ends", function()
    local asked, _, err, log = asked_of(function() return nil, 7, "the store is gone" end,
      { max_wait = 20 })
    assert.equal("quota", err.kind)
    assert.matches("limiter.take: the store is gone, for 20 s", err.message, 1, true)
    assert.same({ "a1", "b1" }, err.result.pendingIds)
    assert.equal(0, #log)
    assert.equal(4, #asked)
    for i, at in ipairs { 0, 7, 14, 20 } do assert.near(at, asked[i], 1e-6) end

    asked, _, err = asked_of(function() return nil, 7, "gone" end, { max_wait = 0 })
    assert.same({ 1, "quota" }, { #asked, err.kind })
  end)

  for what, answer in pairs {
    nothing = function() end,
    ["nil alone"] = function() return nil end,
    ["nil and a text"] = function() return nil, "later" end,
    ["nil and what is no number"] = function() return nil, 0 / 0 end,
    ["false"] = function() return false end,
  } do
    it("that returns " .. what .. " isn't asked for longer than max_wait", function()
      local times = 0
      local _, _, err, log = asked_of(function(...)
        times = times + 1
        assert(times < 1e4, "it is asked for ever")
        return answer(...)
      end, { max_wait = 2 })
      assert.equal("quota", err.kind)
      assert.matches("limiter.take: neither a token nor the seconds to wait, for 2 s", err.message,
        1, true)
      assert.same({ "a1", "b1" }, err.result.pendingIds)
      assert.equal(0, #log)
    end)
  end

  for what, answer in pairs {
    ["a token"] = function(n)
      if n % 2 == 1 then return nil, 9, "gone" end
      return n
    end,
    ["a wait for others"] = function(n)
      if n % 2 == 1 and n < 8 then return nil, 9, "gone" end
      if n < 8 then return nil, 9 end
      return n
    end,
  } do
    it("whose store can be asked again has max_wait anew: " .. what, function()
      local asked, result = asked_of(answer, { max_wait = 10, chunk_size = 1, concurrency = 1 })
      assert.equal(2, result.successAmount)
      assert.is_true(asked[#asked] > 10)
    end)
  end

  it("gets its token back where a callback keeps the request from leaving", function()
    local given
    local options, log = service.options(service.success, {
      on_event = function() error "no" end,
      limiter = { take = function() return "t" end, give = function(token) given = token end },
    })
    local _, err = geelark.delete({ "a1" }, options)
    assert.equal("callback", err.kind)
    assert.same({ "t", 0 }, { given, #log })
  end)
end)

-- A limiter whose tokens are counted, and that minds how each comes back.
local function counting()
  local out, limiter = {}, { taken = 0, given = 0 }
  function limiter.take()
    limiter.taken = limiter.taken + 1
    out[limiter.taken] = true
    return limiter.taken
  end
  function limiter.give(token)
    assert(out[token], "it was given twice")
    out[token] = nil
    limiter.given = limiter.given + 1
  end
  return limiter, { take = limiter.take, give = limiter.give }
end

describe("a limiter gets each token back once, where a job", function()
  -- What becomes of a job with two requests in flight; `job.it` is the only reference to it.
  local ends = {
    ["is dropped"] = function(job) job.it = nil end,
    ["is dropped with its client"] = function(job) job.it, job.client = nil, nil end,
    ["leaves its scope"] = function(job) debug.getmetatable(job.it).__close(job.it) end,
    ["leaves its scope and is collected"] = function(job)
      debug.getmetatable(job.it).__close(job.it)
      job.it = nil
    end,
    ["loses its client"] = function(job) job.client:close() end,
    ["loses its client and is stepped"] = function(job)
      job.client:close()
      assert(job.it:step())
    end,
    ["is cancelled"] = function(job, requests)
      job.it:cancel()
      requests:answer_all()
      assert(job.it:step())
    end,
    ["meets its deadline"] = function(job, _, clock)
      clock.sleep(30)
      assert(job.it:step())
    end,
    ["gets no answer in time"] = function(job, _, clock)
      clock.sleep(10)
      job.it:step()
      return 1 -- the third is
    end,
    ["has a callback that raises"] = function(job, requests)
      job.raises = true
      requests:answer_all()
      assert(job.it:step())
    end,
    ["is dropped in the child of a fork"] = function(job, requests)
      assert(fork(function()
        job.it, job.client, requests[1], requests[2] = nil, nil, nil, nil
        collect()
        return job.limiter.given == 0
      end))
      requests:answer_all()
      job.it:cancel()
      assert(job.it:step())
    end,
  }

  for name, finish in pairs(ends) do
    it(name, function()
      local job = {}
      local options, requests = held { chunk_size = 1, deadline = 20, timeout = 5, attempts = 1,
        on_progress = function() assert(not job.raises, "raised") end }
      job.limiter, options.limiter = counting()
      job.client = assert(geelark.new(options))
      job.it = job.client:start { "a1", "a2", "a3" }
      job.it:step()
      assert.same({ 2, 0 }, { job.limiter.taken, job.limiter.given })
      local in_flight = finish(job, requests, options.clock) or 0
      while #requests > 0 do table.remove(requests) end -- they hold the job
      collect()
      assert.equal(job.limiter.taken, job.limiter.given + in_flight)
    end)
  end

  it("finds no memory and is cancelled", function()
    local _, wrong = require "spec.support.native" "failing_allocator"([[
      local core = require "geelark.core"
      local now, taken = 0, 0
      local options = { token = "t", chunk_size = 1,
        limiter = {
          take = function() taken = taken + 1 return taken end,
          give = function() taken = taken - 1 end,
        },
        on_event = function() end,
        transport = function() return nil, "gone", false end,
        clock = { now = function() return now end, seed = 1 } }
      return function()
        local client = core.new(options)
        local job = client:start { "1", "2", "3" }
        for _ = 1, 100 do
          now = now + 20
          local ran, done = pcall(job.step, job)
          if ran and done then break end
          if not ran then
            for _ = 1, 3 do pcall(job.cancel, job) end
          end
        end
        if taken ~= 0 then return false end
        client:close()
        return true
      end
    ]], package.cpath, false)
    assert.is_nil(wrong)
  end)
end)

describe("a limiter's function", function()
  it("may not yield, and the message says so", function()
    for _, name in ipairs { "take", "give" } do
      local limiter = { take = function() return 1 end, give = function() end }
      limiter[name] = function() coroutine.yield() end
      local options = service.options(service.success, { limiter = limiter, chunk_size = 1,
        concurrency = 1 })
      coroutine.wrap(function()
        local _, err = geelark.delete({ "a1", "a2" }, options)
        assert.equal("callback", err.kind)
        assert.matches("limiter." .. name .. ": .*: it may not yield", err.message)
      end)()
    end
  end)

  it("isn't called from within, though the collector comes while it runs", function()
    local limiter, functions = counting()
    local inside, dropped = false, {}
    local options, requests = held()
    options.limiter = {
      take = function()
        assert(not inside)
        inside = true
        if limiter.taken == 1 then
          dropped.job, requests[1] = nil, nil
          collect()
          assert(limiter.given == 0)
        end
        inside = false
        return functions.take()
      end,
      give = function(token)
        assert(not inside)
        functions.give(token)
      end,
    }
    dropped.job = geelark.start({ "a1" }, options)
    dropped.job:step()
    local job = geelark.start({ "b1" }, { token = "t", limiter = options.limiter,
      transport = function() return nil, "gone", false end, clock = options.clock })
    job:step()
    assert.same({ 2, 2 }, { limiter.taken, limiter.given })
  end)
end)
