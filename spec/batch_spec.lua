-- Chunks: cut in the order of the list, told in the order of settling.

local asked = require "spec.support.asked"
local geelark = require "geelark"
local held = require "spec.support.held"
local service = require "spec.support.service"

describe("a list of ids", function()
  for _, n in ipairs { 0, 1, 99, 100, 101, 200, 250, 1000 } do
    it("of " .. n .. " is asked for once each, in order, at most 100 a request", function()
      local ids = service.ids(n)
      local options, log = service.options(service.success, { concurrency = 1 })
      local result = assert(geelark.delete(ids, options))
      assert.same(ids, asked(log))
      assert.equal(math.ceil(n / 100), #log)
      assert.equal(n, result.totalAmount)
      assert.equal(n, result.successAmount)
      for _, request in ipairs(log) do assert.is_true(#request.ids <= 100) end
    end)
  end

  it("smaller than a chunk is one request, whatever the chunk", function()
    for _, size in ipairs { 3, 50, 100 } do
      local options, log = service.options(service.success, { chunk_size = size })
      assert(geelark.delete({ "a1", "b1", "c1" }, options))
      assert.equal(1, #log)
    end
  end)

  it("has its requests told in the order in which they were settled", function()
    local options, requests = held { chunk_size = 1, concurrency = 3 }
    local job = geelark.start({ "a1", "b1", "c1" }, options)
    job:step()
    local sent = {}
    for i, request in ipairs(requests) do sent[i] = request.traceId end
    for _, i in ipairs { 2, 3, 1 } do
      requests[i]:answer(service.success(requests[i]))
      job:step()
    end
    local told = {}
    for i, request in ipairs(assert(job:result()).requests) do told[i] = request.traceId end
    assert.same({ sent[2], sent[3], sent[1] }, told)
  end)
end)
