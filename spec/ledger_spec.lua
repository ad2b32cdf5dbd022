-- What became of every id, and of every request.

local geelark = require "geelark"
local service = require "spec.support.service"

describe("the account", function()
  it("lists failures in the caller's order, whatever the order of settling", function()
    local ids, held = service.ids(40), {}
    local options = service.options(function(request) held[#held + 1] = request end,
      { chunk_size = 5, concurrency = 8 })
    local job = geelark.start(ids, options)
    job:step()
    for i = #held, 1, -1 do
      local failures = {}
      for k = 5, 1, -2 do failures[#failures + 1] = service.failure(held[i].ids[k], 43009) end
      held[i]:answer(200, service.envelope(40006, 5, failures))
    end
    while not job:step() do assert.is_true(true) end
    local failed, expected = geelark.failures(assert(job:result())):ids(), {}
    for i = 1, 40 do if ((i - 1) % 5) % 2 == 0 then expected[#expected + 1] = ids[i] end end
    assert.same(expected, failed)
  end)

  it("names each request once with all its tries, and those that were halved", function()
    local options, log = service.options(function(request, n)
      if n == 1 then return 429, "" end
      if table.concat(request.ids):find "c1" then return service.code(40004) end
      return service.success(request)
    end)
    local result = assert(geelark.delete({ "a1", "b1", "c1", "d1" }, options))
    local halved, amounts, attempts = 0, {}, 0
    for i, request in ipairs(result.requests) do
      if request.halved then halved = halved + 1 end
      amounts[i] = request.amount
      attempts = attempts + request.attempts
    end
    table.sort(amounts)
    assert.same({ 1, 1, 2, 2, 4 }, amounts)
    assert.equal(2, halved)
    assert.equal(#log, attempts)
  end)

  it("has each id in one state, and the amounts add up", function()
    local options = service.options(function(request)
      local id = request.ids[1]
      if id == "a1" then return 502, "" end
      if id == "b1" then return 429, "" end
      if id == "c1" then return 200, service.envelope(0, 1, { service.failure("c1", 43009) }) end
      return service.success(request)
    end, { chunk_size = 1, attempts = 1 })
    local _, err = geelark.delete({ "a1", "b1", "c1", "d1", "e1", "d1" }, options)
    local result = err.result
    assert.same({ "a1" }, result.unknownIds)
    assert.same({ "b1" }, result.pendingIds)
    assert.same({ "c1" }, geelark.failures(result):ids())
    assert.same({ 5, 2, 1, 1 }, { result.totalAmount, result.successAmount, result.failAmount,
      result.duplicateAmount })
  end)
end)

describe("geelark.remaining", function()
  it("gives unknown and pending ids in the caller's order, ready for the next call", function()
    local options = service.options(function(request)
      if request.ids[1] == "b1" or request.ids[1] == "d1" then return 502, "" end
      return 429, ""
    end, { chunk_size = 1, attempts = 1, concurrency = 1 })
    local _, err = geelark.delete({ "a1", "b1", "c1", "d1", "e1" }, options)
    assert.same({ "b1", "d1" }, err.result.unknownIds)
    assert.same({ "a1", "c1", "e1" }, err.result.pendingIds)
    assert.same({ "a1", "b1", "c1", "d1", "e1" }, geelark.remaining(err.result))
    assert.same({ "a1", "b1", "c1", "d1", "e1" }, geelark.remaining(err))
    collectgarbage()
    local result = assert(geelark.delete(geelark.remaining(err.result),
      (service.options(service.success))))
    assert.equal(5, result.successAmount)
    assert.same({}, geelark.remaining(result))
  end)

  it("raises for anything but a result", function()
    assert.has_error(function() geelark.remaining {} end)
    assert.has_error(function() geelark.remaining(nil) end)
  end)
end)
