-- The proxy: its URL is checked at once, and its user and password are in nothing that is told.

local geelark = require "geelark"
local played = require "spec.support.played"
local service = require "spec.support.service"
local shell = require "spec.support.shell"

local NOBODY = "127.0.0.1:9"

-- Each of them would be read as something else than was meant, or not at all.
local flawed = {
  "http://build:s3cr3t-pw@proxy.invalid:99999", "http://build:s3cr3t-pw@proxy.invalid:80a",
  "http://build:s3cr3t#pw@127.0.0.1:9", "http://build:s3cr3t/pw@127.0.0.1:9",
  "http://build:s3cr3t?pw@127.0.0.1:9", "http://build.localhost:12#s3cr3t@127.0.0.1:9",
  "http://build.localhost:12/s3cr3t@127.0.0.1:9", "http://build.localhost:12?s3cr3t@127.0.0.1:9",
  "http://build:s3cr3t@pw@127.0.0.1:9", "http://build:s3cr3t pw@127.0.0.1:9",
  "http://build:s3cr3t%zzpw@127.0.0.1:9", "http://build:s3cr3t%4@127.0.0.1:9",
  "http://build:s3cr3t%0apw@127.0.0.1:9", "http://build:s3cr3t%00@127.0.0.1:9",
  "http://build:s3cr3t@", "http://build:s3cr3t@127.0.0.1:9 ", "build:s3cr3t@:9", "http://",
}
local unknown = { "socks://build:s3cr3t@127.0.0.1:1080", "ftp://build:s3cr3t@127.0.0.1:1080",
  "s3cr3t://127.0.0.1:9" }

-- What a program prints in an environment, which can't be set from Lua. A resolver that doesn't answer
-- is not waited for as long as for a connection; names below localhost mostly need none.
local function say(variables, source)
  local words = { "env", "RES_OPTIONS='timeout:1 attempts:1'" }
  for name, value in pairs(variables) do words[#words + 1] = shell.quote(name .. "=" .. value) end
  words[#words + 1] = "sh -c " .. shell.quote(shell.run_lua(source) .. " 2>&1")
  return shell.output(table.concat(words, " "))
end

local DELETE = [[
  local ok, result, err = pcall(require("geelark").delete, { "a1" }, { token = "token-of-a-spec",
    attempts = 2, %s clock = { sleep = function() end } })
  print(ok and err and err.kind, err and err.message or result and "result" or result)
]]

describe("the option proxy", function()
  for _, url in ipairs(flawed) do
    it("is no " .. url, function()
      local options, log = service.options(service.success, { proxy = url })
      local ok, message = pcall(geelark.delete, { "a1" }, options)
      assert.is_false(ok)
      assert.truthy(message:find("(proxy: not a URL)", 1, true), message)
      assert.equal(0, #log)
    end)
  end

  for _, url in ipairs(unknown) do
    it("has a scheme that a proxy can have, not as " .. url, function()
      local ok, message = pcall(geelark.new, { token = "t", proxy = url })
      assert.is_false(ok)
      assert.truthy(message:find("proxy: not a URL of a proxy: its scheme is none of http, https, "
        .. "socks4, socks4a, socks5, socks5h", 1, true), message)
      assert.is_nil(message:find("s3cr3t", 1, true))
    end)
  end

  for _, url in ipairs { "proxy.invalid", "proxy.invalid:3128", "http://proxy.invalid:3128/",
    "HTTP://proxy.invalid", "https://proxy.invalid", "socks4://1.2.3.4", "socks4a://proxy.invalid",
    "socks5://[::1]:1080", "socks5h://build:s3cr3t@proxy.invalid", "build:s3cr3t@proxy.invalid:80",
    "http://build:s3cr3t%40%23%2f%20%25zz@proxy.invalid", "http://DOMAIN\\build:s3cr3t@1.2.3.4:80",
    "socks5h://localhost/run/tor.sock", "http://[fe80::1%lo]:3128" } do
    it("can be " .. url, function()
      assert(geelark.new { token = "t", proxy = url }):close()
    end)
  end
end)

describe("a proxy of the environment", function()
  for _, name in ipairs { "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY" } do
    it("that is no URL is an err of kind config that names " .. name, function()
      for _, url in ipairs(flawed) do
        local said = say({ [name] = url }, DELETE:format "")
        assert.equal("config\tconfig: " .. name .. ": not a URL (1 id: 1 pending)", said)
      end
    end)
  end

  it("is the first that is not empty", function()
    local said = say({ https_proxy = "", HTTPS_PROXY = flawed[1], all_proxy = "http://x" },
      DELETE:format "")
    assert.matches("^config\tconfig: HTTPS_PROXY: not a URL", said)
  end)

  for where, setting in pairs {
    ["over http"] = { {}, 'base_url = "http://127.0.0.1:9",' },
    ["for hosts of no_proxy"] = { { no_proxy = "x, .localhost" },
      'base_url = "https://no.localhost:9",' },
    ["for networks of no_proxy"] = { { NO_PROXY = "127.0.0.0/8" },
      'base_url = "https://127.0.0.1:9",' },
    ["for an IPv6 address"] = { { no_proxy = "::1" },
      'base_url = "https://[::1]:9",' },
    ["for a name with a dot at its end"] = { { no_proxy = "localhost" },
      'base_url = "https://no.localhost.:9",' },
    ["for no host at all"] = { { no_proxy = "*" }, 'base_url = "https://127.0.0.1:9",' },
  } do
    it("isn't judged where it isn't used: " .. where, function()
      setting[1].https_proxy = flawed[1]
      local said = say(setting[1], DELETE:format(setting[2]))
      assert.matches("^network\t", said)
      assert.is_nil(said:find("proxy", 1, true), said)
    end)
  end

  it("is told by nobody where only libcurl can say whether it is used", function()
    for _, url in ipairs(flawed) do
      local said = say({ https_proxy = url, no_proxy = "10.0.0.0/8" },
        DELETE:format 'attempts = 1, base_url = "https://127.0.0.1:9",')
      assert.matches("^network\t", said)
      assert.is_nil(said:find("s3cr3t", 1, true), said)
    end
  end)

  it("isn't judged where a transport carries the requests", function()
    local said = say({ https_proxy = flawed[1] },
      DELETE:format 'transport = function() return nil, "no" end,')
    assert.matches("^network\tnetwork: no", said)
  end)

  it("is judged where no_proxy names other hosts", function()
    local said = say({ https_proxy = flawed[1], no_proxy = "localhost,127.0.0.0/8,example.com" },
      DELETE:format "")
    assert.matches("^config\t", said)
  end)

  it("is the one at the client's making, whatever the environment says later", function()
    local said = say({}, [[
      local geelark = require "geelark"
      local client = assert(geelark.new { token = "t", attempts = 1,
        base_url = "https://127.0.0.1:9" })
      require("luv").os_setenv("https_proxy", "http://build:s3cr3t-pw@proxy.invalid:99999")
      local _, err = client:delete { "a1" }
      print(err)
    ]])
    assert.matches("^network: Failed to connect to 127%.0%.0%.1 port 9", said)
  end)
end)

describe("a proxy that can't be reached", function()
  for _, scheme in ipairs { "http", "socks5", "socks4" } do
    it("is named as the one: " .. scheme, function()
      local _, err = geelark.delete({ "a1" }, { token = "t", attempts = 1,
        base_url = "https://127.0.0.2:9", proxy = scheme .. "://build:s3cr3t@" .. NOBODY })
      assert.equal("network", err.kind)
      assert.truthy(err.message:find("the proxy can't be reached: ", 1, true), err.message)
      assert.is_nil(err.message:find("s3cr3t", 1, true))
    end)
  end

  it("is not blamed for the service", function()
    local _, err = geelark.delete({ "a1" }, { token = "t", attempts = 1,
      base_url = "https://" .. NOBODY })
    assert.is_nil(err.message:find("proxy", 1, true), err.message)
  end)

  it("is told from one that refuses", function()
    local server = played()
    finally(function() server:close() end)
    local job = geelark.start({ "a1" }, { token = "t", attempts = 1,
      base_url = "https://127.0.0.2:9", proxy = "build:s3cr3t@" .. server.url:match "//(.*)" })
    local connection = server:accept(job)
    assert.equal("CONNECT 127.0.0.2:9 HTTP/1.1", connection:read(job).line)
    connection:answer(407, "s3cr3t")
    repeat until job:step(1)
    local _, err = job:result()
    assert.truthy(err.message:find("the proxy refuses to connect: ", 1, true), err.message)
    assert.truthy(err.message:find("407", 1, true), err.message)
    assert.is_nil(err.message:find("s3cr3t", 1, true))
  end)
end)

describe("no part of a proxy's login is told", function()
  local login = "http://build%40corp:s3cr3t%2Fpa%24s%25@proxy.invalid:3128"
  local forms = { login, "s3cr3t/pa$s%", "s3cr3t%2Fpa%24s%25", "s3cr3t%2fpa$s%25",
    "%733cr3t%2fpa%24s%25", "s3cr3t\\/pa$s%", "build@corp", "build%40corp",
    "build%40corp:s3cr3t/pa$s%" }

  for _, form in ipairs(forms) do
    it("by a transport that quotes it as " .. form, function()
      local options = service.options(function() return nil, "at '" .. form .. "' no", true end,
        { proxy = login, attempts = 1 })
      local _, err = geelark.delete({ "a1" }, options)
      assert.matches("^network: at '[^a-zA-Z]*", err.message)
      assert.is_nil(err.message:find("3cr3t", 1, true), err.message)
      assert.is_nil(err.message:find("corp", 1, true), err.message)
    end)
  end

  it("by an answer that sends the password back", function()
    local options = service.options({ { 502, "<p>s3cr3t/pa$s%</p>" } },
      { proxy = login, attempts = 1 })
    local _, err = geelark.delete({ "a1" }, options)
    assert.is_nil(err.message:find("3cr3t", 1, true), err.message)
    assert.truthy(err.message:find("<p>************</p>", 1, true), err.message)
  end)

  it("by an answer, where a key stands in the user's place", function()
    for _, alone in ipairs { "s3cr3t-key", "s3cr3t-key:" } do
      local url = "http://" .. alone .. "@proxy.invalid"
      local _, err = geelark.delete({ "a1" },
        (service.options({ { 502, "s3cr3t-key" } }, { proxy = url, attempts = 1 })))
      assert.is_nil(err.message:find("3cr3t", 1, true), err.message)
    end
  end)

  it("but our own words stay, though the user is called like one of them", function()
    local options = service.options({ { 502, "user" } },
      { proxy = "http://user:s3cr3t@proxy.invalid", attempts = 1 })
    local _, err = geelark.delete({ "a1" }, options)
    assert.truthy(err.message:find("body: user", 1, true), err.message)
  end)
end)
