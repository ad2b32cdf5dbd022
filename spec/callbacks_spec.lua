-- Callbacks, cancel, deadline and dry run: nothing is lost, whatever the caller's code does.

local geelark = require "geelark"
local service = require "spec.support.service"

describe("a callback that raises", function()
  for _, name in ipairs { "on_progress", "on_event" } do
    it("(" .. name .. ") stops the job, and the account is complete", function()
      local options, log = service.options(service.success, { chunk_size = 1, concurrency = 1 })
      local calls = 0
      options[name] = function()
        calls = calls + 1
        if calls == 3 then error "my mistake" end
      end
      local result, err = geelark.delete(service.ids(10), options)
      assert.is_nil(result)
      assert.equal("callback", err.kind)
      assert.truthy(err.message:find("my mistake", 1, true))
      assert.truthy(err.message:find(name, 1, true))
      assert.equal(#log, err.result.successAmount)
      assert.equal(10 - #log, #err.result.pendingIds)
      assert.equal(3, calls)
    end)
  end

  it("before the first request leaves everything pending", function()
    local options, log = service.options(service.success,
      { on_event = function() error { "no text" } end })
    local _, err = geelark.delete({ "a" }, options)
    assert.equal("callback", err.kind)
    assert.equal(0, #log)
    assert.same({ "a" }, err.result.pendingIds)
  end)

  it("on the last chunk is told, though every id is settled", function()
    local options = service.options(service.success, { on_progress = function() error "late" end })
    local result, err = geelark.delete({ "a" }, options)
    assert.is_nil(result)
    assert.equal("callback", err.kind)
    assert.equal(1, err.result.successAmount)
  end)

  it("(transport) leaves its ids unknown: the request may have left", function()
    local options = service.options(function(request, n)
      if n == 2 then error "wire cut" end
      return service.success(request)
    end, { chunk_size = 1, concurrency = 1 })
    local _, err = geelark.delete({ "a", "b", "c" }, options)
    assert.equal("callback", err.kind)
    assert.same({ "b" }, err.result.unknownIds)
    assert.same({ "c" }, err.result.pendingIds)
    assert.equal(1, err.result.successAmount)
  end)

  it("(transport, wrong results) does so, too", function()
    for _, answer in ipairs { { "200" }, { 99 }, { 200, 7 }, { 200, "", "headers" }, { true } } do
      local _, err = geelark.delete({ "a" }, (service.options { answer }))
      assert.equal("callback", err.kind)
      assert.same({ "a" }, err.result.unknownIds)
    end
  end)

  it("(clock.sleep) ends the job with its account", function()
    local options = service.options({ { 429, "" } })
    options.clock.sleep = function() error "tired" end
    local _, err = geelark.delete({ "a" }, options)
    assert.equal("callback", err.kind)
    assert.same({ "a" }, err.result.pendingIds)
  end)
end)

describe("on_event", function()
  it("comes before each request and after each settled chunk", function()
    local events = {}
    local options, log = service.options({ { 502, "" }, function(request)
      return 200, service.envelope(40006, 2, { service.failure(request.ids[2], 43009) })
    end }, { on_event = function(event) events[#events + 1] = event end })
    assert(geelark.delete({ "a", "b" }, options))
    assert.equal(3, #events)
    assert.equal("send", events[1].type)
    assert.same({ "a", "b" }, events[1].ids)
    assert.equal(log[1].traceId, events[1].traceId)
    assert.equal(1, events[1].attempt)
    assert.equal(2, events[2].attempt)
    assert.equal(log[2].traceId, events[2].traceId)
    local settled = events[3]
    assert.equal("settle", settled.type)
    assert.equal(log[2].traceId, settled.traceId)
    assert.equal(2, settled.attempts)
    assert.same({ "a" }, settled.deletedIds)
    assert.same({ { id = "b", code = 43009, msg = "msg" } }, settled.failDetails)
    assert.same({}, settled.pendingIds)
  end)

  it("and on_progress count up to the whole", function()
    local last
    local options = service.options(service.success, { chunk_size = 3,
      on_progress = function(progress)
        assert.equal(10, progress.totalAmount)
        assert.equal(10, progress.successAmount + progress.failAmount + progress.unknownAmount
          + progress.pendingAmount)
        last = progress
      end })
    assert(geelark.delete(service.ids(10), options))
    assert.equal(10, last.successAmount)
    assert.equal(0, last.inFlight)
  end)
end)

describe("a deadline", function()
  it("cuts what is in flight: its ids are unknown, the rest pending", function()
    local options, log = service.options(function() end, -- never answers
      { deadline = 5, chunk_size = 1, concurrency = 2 })
    local _, err = geelark.delete({ "a", "b", "c" }, options)
    assert.equal("deadline", err.kind)
    assert.same({ "a", "b" }, err.result.unknownIds)
    assert.same({ "c" }, err.result.pendingIds)
    assert.equal(5, log.now())
  end)

  it("that the next request can't meet ends the job at once", function()
    local options, log = service.options({ { service.code(40007) } }, { deadline = 30 })
    local _, err = geelark.delete({ "a" }, options)
    assert.equal("deadline", err.kind)
    assert.same({ "a" }, err.result.pendingIds)
    assert.equal(0, log.now())
  end)

  it("of zero sends nothing", function()
    local options, log = service.options(service.success, { deadline = 0 })
    local _, err = geelark.delete({ "a" }, options)
    assert.equal("deadline", err.kind)
    assert.equal(0, #log)
  end)

  it("that is not met changes nothing", function()
    local options = service.options(service.success, { deadline = 1 })
    assert.equal(5, assert(geelark.delete(service.ids(5), options)).successAmount)
  end)
end)

describe("a request that is never answered", function()
  it("has lost its answer after the time-out", function()
    local options, log = service.options(function() end, { timeout = 7, attempts = 2 })
    local _, err = geelark.delete({ "a" }, options)
    assert.equal("timeout", err.kind)
    assert.same({ "a" }, err.result.unknownIds)
    assert.equal(2, #log)
    assert.is_true(log.now() >= 14 and log.now() < 15)
  end)

  it("takes no answer any more then", function()
    local late
    local options = service.options({ function(request) late = request end, service.success },
      { timeout = 7 })
    assert.equal(1, assert(geelark.delete({ "a" }, options)).successAmount)
    assert.is_false(late:answer(service.success(late)))
  end)
end)

describe("a dry run", function()
  it("checks everything, sends nothing, and leaves every id pending without an err", function()
    local options, log = service.options(service.success, { dry_run = true })
    local result, err = geelark.delete({ "a", "b", "a" }, options)
    assert.is_nil(err)
    assert.same({ "a", "b" }, result.pendingIds)
    assert.equal(1, result.duplicateAmount)
    assert.equal(0, #log)
    assert.has_error(function() geelark.delete({ "" }, options) end)
  end)

  it("finds missing credentials", function()
    local options = service.options(service.success, { dry_run = true })
    options.token = nil
    local _, err = geelark.delete({ "a" }, options)
    assert.equal("config", err.kind)
  end)
end)
