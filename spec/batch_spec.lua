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

describe("the seconds of a chunk", function()
  -- What on_event hears of chunks of a job that is cancelled before its second request leaves.
  local function settled_of(ids, answer)
    local settled, job = {}, nil
    local options, log = service.options { answer }
    log.advance(1000) -- a clock begins anywhere
    function options.on_event(event)
      if event.type == "settle" then settled[#settled + 1] = event end
      if event.type == "send" and #log == 1 then job:cancel() end
    end
    job = geelark.start(ids, options)
    while not job:step(3600) do end
    assert.equal(1, #log)
    return settled, log
  end

  it("are none where it was never sent", function()
    local settled = settled_of({ "a1", "b1" }, { service.code(40004) })
    assert.equal(3, #settled) -- the whole and its halves
    for _, event in ipairs(settled) do assert.equal(0, event.seconds) end
  end)

  it("last until it settles, also where its repeat doesn't leave", function()
    local settled, log = settled_of({ "a1" }, { 502, "" })
    assert.equal(1, #settled)
    assert.is_true(settled[1].seconds > 0)
    assert.equal(log.now() - log[1].at, settled[1].seconds)
  end)
end)
