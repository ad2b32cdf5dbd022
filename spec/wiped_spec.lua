-- Memory that we own is wiped of secrets when its client is closed, collected or replaced. They
-- come from the environment and never become strings of Lua's, whose copies nobody could wipe.

local build_mutant = require "spec.support.simulation.mutant"
local certificates = require "spec.support.certificates"
local contexts = require "openssl.ssl.context"
local pkey = require "openssl.pkey"
local played = require "spec.support.played"
local service = require "spec.support.service"
local shell = require "spec.support.shell"
local temporary = require "spec.support.temporary"
local x509 = require "openssl.x509"

-- Each way to use and to leave a client, with how many secrets are found before and which after.
-- A request that is in flight then is one that the spec has read and doesn't answer: it says so by
-- a file.
local SCRIPT = [[
local collect = require "spec.support.collect"
local native = require "spec.support.native"
local environment, find = native "environment", native("canaries", "libcurl libcrypto")
local geelark = require "geelark"
local lines, go, url = %q, %q, os.getenv "GEELARK_BASE_URL"
local function tell(name, before)
  collect()
  print(name, #before, table.concat(find(lines), ", "))
end
local function read_by_now(job, n)
  local file
  repeat
    assert(not job:step(0.01), "the job is done")
    file = io.open(go .. n)
  until file
  file:close()
  return job
end
assert(#find(lines) == 0)

assert(geelark.delete({ "a1" }, { base_url = url, attempts = 1 }))
tell("a call with a client of its own", {})

local client = assert(geelark.new { base_url = url })
assert(client:delete { "a1" })
local job = read_by_now(client:start { "b1" }, 1)
local before = find(lines)
client:close()
tell("a client that is closed", before)

client = assert(geelark.new { base_url = url })
job = read_by_now(client:start { "c1" }, 2)
before, job, client = find(lines), nil, nil
tell("a client that is dropped", before)

assert(geelark.delete { "d1" })
before = find(lines)
for _, name in ipairs { "APP_ID", "API_KEY", "BASE_URL", "CA_FILE" } do
  environment("GEELARK_" .. name)
end
environment("GEELARK_TOKEN", "another")
environment("https_proxy")
assert(geelark.delete {})
tell("a client of plain calls that another replaces", before)
]]

local WAYS = { "a call with a client of its own", "a client that is closed",
  "a client that is dropped", "a client of plain calls that another replaces" }

-- Answers what the script asks, and notes each signature that it sees.
local function serve(accept, note, go)
  local function read(connection)
    for _, header in ipairs(connection:read().headers) do
      local signature = header:match "^sign: (.*)$"
      if signature then note(signature) end
    end
  end
  local function answer(connection)
    read(connection)
    connection:answer(200, service.envelope(0, 1, {}))
  end
  answer(accept())
  local second = accept()
  answer(second)
  read(second)
  go(1)
  read(accept())
  go(2)
  answer(accept())
end

local opened = {} -- what is closed or removed after each spec

local function own(thing)
  opened[#opened + 1] = thing
  return thing
end

-- What the script finds of secrets that are given to it by variables, a line for each way.
local function search(cpath, secrets, variables, accept)
  local folder, lines = own(temporary.new()), {}
  local function note(line)
    lines[#lines + 1] = line .. "\n"
    folder:write("lines", table.concat(lines))
  end
  for _, secret in ipairs(secrets) do note(secret) end
  local words = { "env -u GEELARK_TOKEN -u GEELARK_APP_ID -u GEELARK_API_KEY" }
  for name, value in pairs(variables) do words[#words + 1] = shell.quote(name .. "=" .. value) end
  words[#words + 1] = ("LUA_PATH=%s LUA_CPATH=%s %s %s 2>&1"):format(shell.quote(package.path),
    shell.quote(cpath), shell.quote(shell.lua()),
    folder:write("script.lua", SCRIPT:format(folder:file "lines", folder:file "go")))
  local process = assert(io.popen(table.concat(words, " ")))
  local served, why = pcall(serve, accept, note, function(n) folder:write("go" .. n, "") end)
  local said = process:read "*a"
  process:close()
  assert.is_true(served, tostring(why) .. "\n" .. said)
  return said
end

-- By key, over http.
local function search_by_key(cpath)
  local server = own(played())
  return search(cpath, { "canary-app-51c09be7d4", "canary-key-f7720a9c1e" },
    { GEELARK_APP_ID = "canary-app-51c09be7d4", GEELARK_API_KEY = "canary-key-f7720a9c1e",
      GEELARK_BASE_URL = server.url }, function() return server:accept() end)
end

-- By token, over TLS through a proxy that wants a password.
local function search_by_token(cpath)
  local proxy, certs = own(played()), own(certificates.new())
  local context = contexts.new("TLS", true)
  context:setCertificate(x509.new(certs.good.certificate))
  context:setPrivateKey(pkey.new(certs.good.key))
  local function accept()
    local connection = proxy:accept()
    assert.equal("CONNECT 127.0.0.1:9 HTTP/1.1", connection:read().line)
    connection:answer(200, "")
    assert(connection.socket:starttls(context, 10))
    return connection
  end
  return search(cpath, { "canary-token-8d1f03a6c2", "canary-user-27", "canary-password-6b",
    "canary%2dpassword-6b" }, { GEELARK_TOKEN = "canary-token-8d1f03a6c2",
    https_proxy = "http://canary-user-27:canary%2dpassword-6b@" .. proxy.url:match "//(.*)",
    GEELARK_BASE_URL = "https://127.0.0.1:9", GEELARK_CA_FILE = certs.ca_file, no_proxy = "" },
    accept)
end

describe("once a client is gone", function()
  after_each(function()
    for _, thing in ipairs(opened) do (thing.remove or thing.close)(thing) end
    opened = {}
  end)

  for by, find in pairs { ["app id, key or signature"] = search_by_key,
    ["token, or login of a proxy"] = search_by_token } do
    it("no " .. by .. " is in memory", function()
      local said, n = find(package.cpath), 0
      for line in said:gmatch "[^\n]+" do
        n = n + 1
        local way, before, after = line:match "^(.*)\t(%d+)\t(.*)$"
        assert.equal(WAYS[n], way, said)
        assert.equal("", after, way)
        assert.equal(n > 1, tonumber(before) > 0, said)
      end
      assert.equal(#WAYS, n, said)
    end)
  end

  if shell.lua_name() ~= "lua5.4" then return end -- the engine is the same on every Lua

  it("an engine that doesn't wipe is found out", function()
    local said = search_by_key(build_mutant { file = "buffer.c", replace = "(void)at, (void)count;",
      find = "while (count-- > 0) *at++ = 0;" })
    for _, way in ipairs(WAYS) do assert.truthy(said:find(way .. "\t%d+\tline %d+ in "), said) end
  end)
end)
