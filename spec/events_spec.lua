-- What on_event and on_progress tell.

local geelark = require "geelark"
local service = require "spec.support.service"

describe("on_event", function()
  it("comes before each request and after each settled chunk", function()
    local events = {}
    local options, log = service.options({ { 502, "" }, function(request)
      return 200, service.envelope(40006, 2, { service.failure(request.ids[2], 43009) })
    end }, { on_event = function(event) events[#events + 1] = event end })
    assert(geelark.delete({ "a1", "b1" }, options))
    assert.equal(3, #events)
    assert.equal("send", events[1].type)
    assert.same({ "a1", "b1" }, events[1].ids)
    assert.equal(log[1].traceId, events[1].traceId)
    assert.equal(1, events[1].attempt)
    assert.equal(2, events[2].attempt)
    assert.equal(log[2].traceId, events[2].traceId)
    local settled = events[3]
    assert.equal("settle", settled.type)
    assert.equal(log[2].traceId, settled.traceId)
    assert.equal(2, settled.attempts)
    assert.same({ "a1" }, settled.deletedIds)
    assert.same({ { id = "b1", code = 43009, msg = "msg" } }, settled.failDetails)
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
