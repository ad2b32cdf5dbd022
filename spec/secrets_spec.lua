-- No secret is in anything that Lua gets.

local geelark = require "geelark"
local service = require "spec.support.service"

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
        .. '"failDetails":[{"id":"a1","code":43009,"msg":"bad %s"}]}}' },
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
        local result, err = geelark.delete({ "a1" }, options)
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
      local result, err = geelark.delete({ "a1" }, options)
      local text = told(result or err, {})
      assert.is_nil(text:find(escaped, 1, true), text)
      assert.is_nil(text:find(echo, 1, true), text)
    end
  end)

  it("though it is nothing but asterisks, as pages show a token", function()
    local stars = ("*"):rep(12)
    local options = service.options({ { 401, "bad token " .. stars } },
      { attempts = 1, token = stars })
    local _, err = geelark.delete({ "a1" }, options)
    assert.equal("auth", err.kind)
  end)

  it("though the service sends a signature back", function()
    local signature
    local options = service.options(function(request)
      signature = request.headers.sign
      return 401, ('{"code":40003,"msg":"bad %s"}'):format(signature)
    end, { app_id = "app", api_key = key })
    options.token = nil
    local _, err = geelark.delete({ "a1" }, options)
    assert.is_nil(told(err, {}):find(signature, 1, true))
  end)

  it("by a transport that raises with it in hand", function()
    local options = service.options(function(request) error(request.headers.Authorization) end,
      { token = token })
    local _, err = geelark.delete({ "a1" }, options)
    assert.equal("callback", err.kind)
    assert.is_nil(told(err, {}):find(token, 1, true))
  end)

  it("by a transport that raises with a signature in hand", function()
    local signature
    local options = service.options(function(request)
      signature = request.headers.sign
      error(signature)
    end, { app_id = "app", api_key = key })
    options.token = nil
    local _, err = geelark.delete({ "a1" }, options)
    assert.equal("callback", err.kind)
    assert.is_nil(told(err, {}):find(signature, 1, true))
  end)

  it("by a transport that names it as the reason", function()
    local options = service.options(function(request) return nil, request.headers.Authorization end,
      { token = token, attempts = 1 })
    local _, err = geelark.delete({ "a1" }, options)
    assert.matches("^network: Bearer %*+,", err.message)
  end)

  it("though a page writes it with a URL's escapes", function()
    local escaped = token:gsub("%-", "%%2D"):gsub("s", "%%73")
    local options = service.options({ { 502, "?t=" .. escaped } }, { token = token, attempts = 1 })
    local _, err = geelark.delete({ "a1" }, options)
    assert.is_nil(told(err, {}):find("3cr3t", 1, true))
  end)

  it("by clients and jobs that are printed", function()
    local client = assert(geelark.new { token = token })
    assert.is_nil(tostring(client):find(token, 1, true))
    assert.is_nil(tostring(client:start {}):find(token, 1, true))
    client:close()
  end)
end)
