-- A limiter of the caller's: asked before each request, told of each answer.

local geelark = require "geelark"
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
      take = function(seconds)
        assert(seconds == 60)
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
