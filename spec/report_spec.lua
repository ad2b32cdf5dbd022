-- The tables that Lua gets.

local geelark = require "geelark"
local service = require "spec.support.service"

describe("a result", function()
  it("has the promised fields", function()
    local options, log = service.options(function(request)
      return 200, service.envelope(40006, #request.ids, { service.failure("b1", 43009, "started") })
    end)
    local result = assert(geelark.delete({ "a1", "b1", "a1" }, options))
    local account = result.requests[1]
    assert.equal("number", type(account.seconds))
    account.seconds = nil
    assert.same({ totalAmount = 2, successAmount = 1, failAmount = 1,
      failDetails = { { code = 43009, id = "b1", msg = "started" } }, duplicateAmount = 1,
      presumedIds = {}, stoppedIds = {}, unknownIds = {}, pendingIds = {},
      requests = { { action = "delete", traceId = log[1].traceId, amount = 2, attempts = 1,
        code = 40006, msg = "msg", httpStatus = 200 } } }, result)
  end)

end)
