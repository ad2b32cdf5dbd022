-- Where requests may go: to the service over https, and over http to this machine alone.

local geelark = require "geelark"
local service = require "spec.support.service"

describe("base_url", function()
  for _, url in ipairs { "http://127.0.0.1:9", "http://127.9.9.9:9/", "http://localhost:9/path/",
    "http://[::1]:9", "https://127.0.0.1:9/a/b" } do
    it("may be " .. url, function()
      local options = service.options(service.success, { base_url = url })
      assert.equal(1, assert(geelark.delete({ "a1" }, options)).successAmount)
    end)
  end

  for _, url in ipairs { "openapi.geelark.com", "ftp://127.0.0.1", "http://example.com",
    "http://127.0.0.1.example.com", "http://[::2]", "http://10.0.0.1",
    "https://user:secret@example.com", "https://example.com?a=b", "https://example.com#f",
    "https://example.com/?", "https://example.com/#", "https://example.com#",
    "https://exa mple.com", "https://", "file:///etc/passwd" } do
    it("can't be " .. url, function()
      local options, log = service.options(service.success, { base_url = url })
      local ok, message = pcall(geelark.delete, { "a1" }, options)
      assert.is_false(ok)
      assert.truthy(message:find("base_url:", 1, true), message)
      assert.is_nil(message:find("secret", 1, true))
      assert.equal(0, #log)
    end)
  end
end)

it("a proxy beside an http:// base_url is refused: it would read the credentials", function()
  local _, err = geelark.delete({ "a1" }, { token = "t", base_url = "http://127.0.0.1:9",
    proxy = "http://127.0.0.1:8" })
  assert.equal("config", err.kind)
end)
