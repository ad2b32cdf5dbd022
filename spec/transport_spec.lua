-- A transport of the caller's: what it is handed, and what it may return.

local geelark = require "geelark"
local held = require "spec.support.held"
local service = require "spec.support.service"

describe("a transport", function()
  it("is handed the whole request", function()
    local options, log = service.options(service.success)
    assert(geelark.delete({ "a1", "b1" }, options))
    local request = log[1]
    assert.equal("/open/v1/phone/delete", request.path)
    assert.equal('{"ids":["a1","b1"]}', request.body)
    assert.same({ "a1", "b1" }, request.ids)
    assert.equal(request.traceId, request.headers.traceId)
  end)

  it("may return a status alone, a body, and headers in any case", function()
    local waited = {}
    for i, answer in ipairs { { 503 }, { 503, "" }, { 503, "", { ["RETRY-after"] = 30 } } } do
      local options, log = service.options { answer, service.success }
      assert(geelark.delete({ "a1" }, options))
      waited[i] = log[2].at >= 30
    end
    assert.same({ false, false, true }, waited)
  end)

  local no_answer = {
    { "surely never left", { nil, "no route" }, "network", "pendingIds" },
    { "may have left", { nil, "no route", true }, "network", "unknownIds" },
    { "was not answered in time", { nil, "timeout", true }, "timeout", "unknownIds" },
    { "met the wrong certificate", { nil, "tls" }, "tls", "pendingIds" },
  }
  for _, case in ipairs(no_answer) do
    it("may say that the request " .. case[1], function()
      local _, err = geelark.delete({ "a1" }, (service.options({ case[2] }, { attempts = 1 })))
      assert.equal(case[3], err.kind)
      assert.same({ "a1" }, err.result[case[4]])
    end)
  end

  it("that raises leaves its ids unknown: the request may have left", function()
    local options = service.options(function(request, n)
      if n == 2 then error "wire cut" end
      return service.success(request)
    end, { chunk_size = 1, concurrency = 1 })
    local _, err = geelark.delete({ "a1", "b1", "c1" }, options)
    assert.equal("callback", err.kind)
    assert.truthy(err.message:find("wire cut", 1, true))
    assert.same({ "b1" }, err.result.unknownIds)
    assert.same({ "c1" }, err.result.pendingIds)
    assert.equal(1, err.result.successAmount)
  end)

  it("that returns what no answer can be leaves them unknown, too", function()
    for _, answer in ipairs { { "200" }, { 99 }, { 200, 7 }, { 200, "", "headers" }, { true } } do
      local _, err = geelark.delete({ "a1" }, (service.options { answer }))
      assert.equal("callback", err.kind)
      assert.same({ "a1" }, err.result.unknownIds)
    end
  end)
end)

describe("a request that is answered later", function()
  it("takes one answer, and no second one", function()
    local options, requests = held()
    local job = geelark.start({ "a1" }, options)
    job:step()
    local request = requests[1]
    assert.is_true(request:answer(service.success(request)))
    assert.is_false(request:answer(200, ""))
    assert.is_false(request:fail("reset", true))
    assert.is_true(job:step())
    assert.is_false(request:answer(200, ""))
    assert.equal(1, assert(job:result()).successAmount)
  end)

  it("may be answered from within the transport", function()
    local options = service.options(function(request) request:answer(service.success(request)) end)
    assert.equal(1, assert(geelark.delete({ "a1" }, options)).successAmount)
  end)

  it("raises for what no answer can be, and stays in flight", function()
    local options, requests = held()
    local job = geelark.start({ "a1" }, options)
    job:step()
    local request = requests[1]
    for _, answer in ipairs { { "200" }, { 99 }, { 200, 7 }, { 200, "", "headers" } } do
      assert.has_error(function() request:answer(answer[1], answer[2], answer[3]) end)
    end
    assert.equal(1, job:progress().inFlight)
    requests:answer_all()
    assert.is_true(job:step())
    assert.equal(1, assert(job:result()).successAmount)
  end)

  it("takes no answer any more after its time-out", function()
    local late
    local options = service.options({ function(request) late = request end, service.success },
      { timeout = 7 })
    assert.equal(1, assert(geelark.delete({ "a1" }, options)).successAmount)
    assert.is_false(late:answer(service.success(late)))
  end)
end)

describe("a transport that returned an answer", function()
  it("has answered: whoever reads the clock then can't answer again", function()
    local now, request, twice = 0, nil, {}
    local options = {
      token = "t",
      transport = function(r)
        request = r
        return service.success(r)
      end,
      clock = {
        now = function()
          local open = request
          request = nil -- answering reads the clock, too
          if open then twice[#twice + 1] = open:answer(500, "") end
          request = open
          return now
        end,
        sleep = function(seconds) now = now + seconds end,
      },
    }
    local result = assert(geelark.delete({ "a1" }, options))
    assert.equal(1, result.successAmount)
    assert.is_true(#twice > 0)
    for _, taken in ipairs(twice) do assert.is_false(taken) end
  end)
end)
