-- The simulator's server: what it leaves behind, and what it needs.

local condition = require "cqueues.condition"
local client = require "spec.support.http_client"
local collect = require "spec.support.collect"
local descriptors = require "spec.support.descriptors"
local shell = require "spec.support.shell"
local servers = require "geelark.simulator.http.server"

describe("the simulator's server", function()
  it("leaves no descriptor behind, also when closed in the middle", function()
    collect()
    local before = descriptors()
    for _ = 1, 5 do
      local arrived = condition.new()
      local function plan()
        arrived:signal()
        return { delay = 60 }
      end
      client.with_server({ phones = { "a" }, plan = plan }, function(server)
        local socket = client.connect(server)
        assert(socket:xwrite(client.request { "a" }))
        arrived:wait()
        assert.equal(1, server.world.inFlight)
        socket:close()
      end)
    end
    servers.new():close()
    servers.new():listen():close()
    collect()
    assert.equal(before, descriptors())
  end)

  it("ends its connections at once when it is closed", function()
    local arrived = condition.new()
    local function plan()
      arrived:signal()
      return { delay = 60 }
    end
    client.with_server({ phones = { "a" }, plan = plan }, function(server)
      local idle, busy = client.connect(server), client.connect(server)
      assert(idle:connect())
      assert(busy:xwrite(client.request { "a" }))
      arrived:wait()
      collectgarbage "stop" -- so that no socket is closed by the collector
      server:close()
      assert.is_nil(client.receive(busy))
      assert.is_nil(client.receive(idle))
      collectgarbage "restart"
      busy:close()
      idle:close()
    end)
  end)

  it("can be closed twice, and refuses connections then", function()
    local server = servers.new():listen()
    server:close()
    server:close()
    assert.is_false(client.is_listening(server))
  end)

  local missing = { -- module, package, what needs it
    { "cqueues", "lua-cqueues", 'require("geelark.simulator").main()' },
    { "cjson", "lua-cjson", 'require("geelark.simulator").new()' },
    { "openssl.digest", "lua-luaossl",
      'require("geelark.simulator").new { app_id = "a", api_key = "k" }' },
    { "openssl.ssl.context", "lua-luaossl",
      'require("geelark.simulator").main { tls = { certificate = "", key = "" } }' },
    { "openssl.x509", "lua-luaossl", 'require("geelark.simulator").main { tls = true }' },
  }
  for _, row in ipairs(missing) do
    it("names the Debian package where there is no " .. row[1], function()
      local said = shell.output(shell.run_lua(([[
        package.preload[%q] = function() error "not installed" end
        print(pcall(function() %s end))]]):format(row[1], row[3])))
      assert.matches("^false.*apt%-get install " .. row[2]:gsub("%-", "%%-"), said)
    end)
  end
end)
