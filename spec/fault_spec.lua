-- What went wrong, as a table and as text.

local geelark = require "geelark"
local service = require "spec.support.service"

describe("an error", function()
  it("prints as one line with what support asks for", function()
    local options, log = service.options({ { 502, "<html>Bad\r\nGateway\27[31m</html>" } },
      { attempts = 1 })
    local _, err = geelark.delete({ "a1", "b1" }, options)
    local text = tostring(err)
    assert.equal(err.message, text)
    assert.is_nil(text:find "[%z\1-\31\127]")
    for _, part in ipairs { "server", log[1].traceId, "HTTP 502", "Bad", "Gateway", "2 unknown" } do
      assert.truthy(text:find(part, 1, true), text)
    end
    assert.equal("server", err.kind)
    assert.equal(502, err.httpStatus)
    assert.equal(log[1].traceId, err.traceId)
  end)

  it("tells how many ids came to what, without those that are none", function()
    local options = service.options({ service.success, { service.code(40014) } },
      { chunk_size = 2, concurrency = 1 })
    local _, err = geelark.delete({ "a1", "b1", "c1", "d1", "e1" }, options)
    assert.matches(" %(5 ids: 2 deleted, 3 pending%)$", err.message)
    _, err = geelark.delete({ "a1" }, (service.options { { service.code(40014) } }))
    assert.matches(" %(1 id: 1 pending%)$", err.message)
  end)

  it("can be put together with other text", function()
    local _, err = geelark.delete({ "a1" }, (service.options { { service.code(40014) } }))
    assert.equal("failed: " .. err.message, "failed: " .. err)
    assert.equal(err.message .. "!", err .. "!")
    assert.has_error(function() return err .. {} end)
  end)

  it("cuts a long body, between characters", function()
    local _, err = geelark.delete({ "a1" }, (service.options({ { 502, ("云"):rep(5000) } },
      { attempts = 1 })))
    assert.is_true(#err.message < 800)
    assert.truthy(err.message:find("云...", 1, true))
  end)

  it("has the kind of the first fault that decided", function()
    local options = service.options(function(request, n)
      if request.ids[1] == "a1" then return 429, "" end
      return n > 0 and 502 or 200, ""
    end, { chunk_size = 1, concurrency = 1, attempts = 1 })
    local _, err = geelark.delete({ "a1", "b1" }, options)
    assert.equal("quota", err.kind)
    assert.same({ "a1" }, err.result.pendingIds)
    assert.same({ "b1" }, err.result.unknownIds)
  end)
end)
