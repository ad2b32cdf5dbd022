-- Servers of others that the specs start have to be told a port; somebody else may take it first.

local socket = require "socket"

describe("a port that somebody takes before the server does", function()
  local free_ports = require "spec.support.free_ports"
  local taken, offered

  before_each(function()
    taken, offered = socket.bind("127.0.0.1", 0), 0
    package.loaded["spec.support.free_ports"] = function()
      offered = offered + 1
      if offered == 1 then return (select(2, taken:getsockname())) end
      return free_ports()
    end
    for _, user in ipairs { "on_free_port", "nginx", "redis" } do
      package.loaded["spec.support." .. user] = nil
    end
  end)

  after_each(function()
    package.loaded["spec.support.free_ports"] = free_ports
    taken:close()
  end)

  it("is given up by nginx for another", function()
    local nginx = require "spec.support.nginx"
      .start { locations = "location / { return 200 here; }" }
    finally(function() nginx:stop() end)
    assert.equal("here", nginx:get "/")
    assert.is_true(offered > 1) -- the next one may be taken, too
    assert.equal("", nginx:log())
  end)

  it("is given up by Redis for another", function()
    local redis = require "spec.support.redis".start()
    finally(function() redis:stop() end)
    assert.is_true(redis:connect():ping())
    assert.is_true(offered > 1) -- the next one may be taken, too
  end)

  it("isn't what any other failure is taken for", function()
    assert.error_matches(function()
      require "spec.support.nginx".start { locations = "no_such_directive;" }
    end, "no_such_directive")
    assert.equal(1, offered)
  end)
end)
