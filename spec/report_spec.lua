-- The tables that Lua gets, and that no secret is in any of them.

local geelark = require "geelark"
local service = require "spec.support.service"

describe("a result", function()
  it("has the promised fields", function()
    local options, log = service.options(function(request)
      return 200, service.envelope(40006, #request.ids, { service.failure("b", 43009, "started") })
    end)
    local result = assert(geelark.delete({ "a", "b", "a" }, options))
    local account = result.requests[1]
    assert.equal("number", type(account.seconds))
    account.seconds = nil
    assert.same({ totalAmount = 2, successAmount = 1, failAmount = 1,
      failDetails = { { code = 43009, id = "b", msg = "started" } }, duplicateAmount = 1,
      presumedIds = {}, unknownIds = {}, pendingIds = {},
      requests = { { traceId = log[1].traceId, amount = 2, attempts = 1, code = 40006,
        httpStatus = 200 } } }, result)
  end)

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
end)

describe("an error", function()
  it("prints as one line with what support asks for", function()
    local options, log = service.options({ { 502, "<html>Bad\r\nGateway\27[31m</html>" } },
      { attempts = 1 })
    local _, err = geelark.delete({ "a", "b" }, options)
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
    local _, err = geelark.delete({ "a", "b", "c", "d", "e" }, options)
    assert.matches(" %(5 ids: 2 deleted, 3 pending%)$", err.message)
    _, err = geelark.delete({ "a" }, (service.options { { service.code(40014) } }))
    assert.matches(" %(1 id: 1 pending%)$", err.message)
  end)

  it("can be put together with other text", function()
    local _, err = geelark.delete({ "a" }, (service.options { { service.code(40014) } }))
    assert.equal("failed: " .. err.message, "failed: " .. err)
    assert.equal(err.message .. "!", err .. "!")
    assert.has_error(function() return err .. {} end)
  end)

  it("cuts a long body, between characters", function()
    local _, err = geelark.delete({ "a" }, (service.options({ { 502, ("云"):rep(5000) } },
      { attempts = 1 })))
    assert.is_true(#err.message < 800)
    assert.truthy(err.message:find("云...", 1, true))
  end)

  it("has the kind of the first fault that decided", function()
    local options = service.options(function(request, n)
      if request.ids[1] == "a" then return 429, "" end
      return n > 0 and 502 or 200, ""
    end, { chunk_size = 1, concurrency = 1, attempts = 1 })
    local _, err = geelark.delete({ "a", "b" }, options)
    assert.equal("quota", err.kind)
    assert.same({ "a" }, err.result.pendingIds)
    assert.same({ "b" }, err.result.unknownIds)
  end)
end)

describe("geelark.remaining", function()
  it("gives unknown and pending ids in the caller's order, ready for the next call", function()
    local options = service.options(function(request)
      if request.ids[1] == "b" or request.ids[1] == "d" then return 502, "" end
      return 429, ""
    end, { chunk_size = 1, attempts = 1, concurrency = 1 })
    local _, err = geelark.delete({ "a", "b", "c", "d", "e" }, options)
    assert.same({ "b", "d" }, err.result.unknownIds)
    assert.same({ "a", "c", "e" }, err.result.pendingIds)
    assert.same({ "a", "b", "c", "d", "e" }, geelark.remaining(err.result))
    assert.same({ "a", "b", "c", "d", "e" }, geelark.remaining(err))
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

describe("no secret is told", function()
  local token, key = "s3cr3t-token-0123456789", "s3cr3t-key-0123456789"

  local function told(value, seen)
    if type(value) ~= "table" then return tostring(value) end
    if seen[value] then return "" end
    seen[value] = true
    local parts = { tostring(value) }
    for k, v in pairs(value) do parts[#parts + 1] = told(k, seen) .. told(v, seen) end
    return table.concat(parts, "\n")
  end

  local echoes = {
    { "in msg", 200, '{"code":40003,"msg":"refused %s"}' },
    { "in failDetails", 200,
      '{"code":40009,"msg":"m","data":{"totalAmount":1,"successAmount":0,"failAmount":1,'
        .. '"failDetails":[{"id":"a","code":43009,"msg":"bad %s"}]}}' },
    { "in a page", 502, "<html>%s</html>" },
    { "in a refusal", 403, "%s" },
  }
  for _, case in ipairs(echoes) do
    it("though the service sends it back " .. case[1], function()
      for _, way in ipairs { { token = token }, { app_id = "app", api_key = key } } do
        local options = service.options({ { case[2], case[3]:format(token .. key) } },
          { attempts = 1 })
        options.token = nil
        for name, value in pairs(way) do options[name] = value end
        local result, err = geelark.delete({ "a" }, options)
        local text = told(result or err, {})
        assert.is_nil(text:find(way.token or way.api_key, 1, true), text)
      end
    end)
  end

  it("though the service writes it with JSON's escapes", function()
    local escaped = "s3cr3t/token+0123456789"
    local echo = escaped:gsub("/", "\\/"):gsub("+", "\\u002B")
    for i = 1, 2 do
      local options = service.options({ { echoes[i][2], echoes[i][3]:format(echo) } },
        { attempts = 1, token = escaped })
      local result, err = geelark.delete({ "a" }, options)
      local text = told(result or err, {})
      assert.is_nil(text:find(escaped, 1, true), text)
      assert.is_nil(text:find(echo, 1, true), text)
    end
  end)

  it("though the service sends a signature back", function()
    local signature
    local options = service.options(function(request)
      signature = request.headers.sign
      return 401, ('{"code":40003,"msg":"bad %s"}'):format(signature)
    end, { app_id = "app", api_key = key })
    options.token = nil
    local _, err = geelark.delete({ "a" }, options)
    assert.is_nil(told(err, {}):find(signature, 1, true))
  end)

  it("by a transport that raises with it in hand", function()
    local options = service.options(function() error "x" end, { token = token })
    local _, err = geelark.delete({ "a" }, options)
    assert.is_nil(told(err, {}):find(token, 1, true))
  end)

  it("by clients and jobs that are printed", function()
    local client = assert(geelark.new { token = token })
    assert.is_nil(tostring(client):find(token, 1, true))
    assert.is_nil(tostring(client:start {}):find(token, 1, true))
    client:close()
  end)
end)
