-- The headers of both verifications.

local geelark = require "geelark"
local digest = require "openssl.digest" -- Debian: lua-luaossl
local service = require "spec.support.service"

-- The formula of the service's reference, written a second time.
local function signature(app_id, trace_id, ts, nonce, api_key)
  local hash = digest.new("sha256"):final(app_id .. trace_id .. ts .. nonce .. api_key)
  return (hash:gsub(".", function(byte) return ("%02X"):format(byte:byte()) end))
end

local function is_uuid4(text)
  local hex = "[0-9a-f]"
  return text:match("^" .. hex:rep(8) .. "%-" .. hex:rep(4) .. "%-4" .. hex:rep(3) .. "%-[89ab]"
    .. hex:rep(3) .. "%-" .. hex:rep(12) .. "$") ~= nil
end

describe("the signature", function()
  it("has the reference's known answer", function()
    assert.equal("6280C080AF7C3CCE168F15C913E3444A00A618CB0E16038EED9811D6E3366BDD",
      signature("eH6gQR4oHr3FsZpI36La01IW", "db6094ab-3797-4186-84d5-b0b58eebad56",
        "1716972892166", "db6094", "YjmFIUuq0oJgSDJ42fxLEb6R1qjjqf"))
  end)

  it("is what each request carries with a key", function()
    local options, log = service.options({ { 502, "" } },
      { app_id = "eH6gQR4oHr3FsZpI36La01IW", api_key = "YjmFIUuq0oJgSDJ42fxLEb6R1qjjqf" })
    options.token = nil
    local before = os.time() * 1000
    geelark.delete(service.ids(3), options)
    assert.equal(4, #log)
    for _, request in ipairs(log) do
      local h = request.headers
      assert.is_nil(h.Authorization)
      assert.equal("eH6gQR4oHr3FsZpI36La01IW", h.appId)
      assert.equal(request.traceId, h.traceId)
      assert.equal(h.traceId:sub(1, 6), h.nonce)
      assert.equal(signature(h.appId, h.traceId, h.ts, h.nonce, options.api_key), h.sign)
      assert.truthy(h.ts:find "^%d+$")
      assert.is_true(tonumber(h.ts) >= before and tonumber(h.ts) < before + 60000)
    end
  end)
end)

describe("every request", function()
  it("carries a token, and says what it is, who asks, and what can be read", function()
    local options, log = service.options(service.success)
    assert(geelark.delete(service.ids(3), options))
    assert.same({ ["Content-Type"] = "application/json", Accept = "application/json",
      ["Accept-Encoding"] = "identity", traceId = log[1].traceId,
      ["User-Agent"] = (geelark._VERSION:gsub(" ", "/")),
      Authorization = "Bearer token-of-the-spec" }, log[1].headers)
  end)

  it("has a fresh traceId, a version-4 UUID", function()
    local options, log = service.options(service.success, { chunk_size = 1,
      requests_per_minute = false })
    assert(geelark.delete(service.ids(500), options))
    local seen = {}
    for _, request in ipairs(log) do
      assert.is_true(is_uuid4(request.traceId), request.traceId)
      assert.is_nil(seen[request.traceId])
      seen[request.traceId] = true
    end
  end)
end)
