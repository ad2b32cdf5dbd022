-- The quota in a Redis server: what is told where a client won't do, and what becomes of it when the
-- server has forgotten or answers something else. What every store promises: quota_contract_spec.

local fork = require "spec.support.native" "fork"
local geelark = require "geelark"
local quota_stores = require "spec.support.quota_stores"
local readme = require "spec.support.readme"
local redis = require "spec.support.redis"
local service = require "spec.support.service"
local shell = require "spec.support.shell"

local DELETE = "/open/v1/phone/delete"
local YIELDS = "geelark.limiter.redis: the client's eval yields, and a limiter mustn't; in nginx "
  .. "there is the option shared_dict"

-- What it says where it raises.
local function refused(...)
  local made, why = pcall(geelark.limiter.redis, ...)
  assert.is_false(made)
  return (why:gsub("^[^%s]*:%d+: ", ""))
end

describe("geelark.limiter.redis raises", function()
  for what, given in pairs { ["nil"] = { nil }, string = { "localhost" }, table = { { eval = 5 } },
    number = { 6379 } } do
    it("without a client that has a method eval: " .. what, function()
      assert.equal("geelark.limiter.redis: an object with a method eval expected, got " .. what,
        refused(given[1]))
    end)
  end

  it("for a client that yields, wherever it is made", function()
    local client = { eval = function() coroutine.yield() end }
    assert.equal(YIELDS, refused(client))
    assert.equal(YIELDS, coroutine.wrap(function() return refused(client) end)())
  end)
end)

describe("a quota in Redis", function()
  local store
  before_each(function() store = quota_stores.redis() end)
  after_each(function() store.stop() end)

  it("that was down can be asked again by a client that connects again", function()
    local connection = store.connect()
    local limiter = geelark.limiter.redis({ eval = function(_, ...)
      return connection:eval(...)
    end }, { requests_per_minute = 1 })
    connection:quit()
    assert.is_nil((limiter.take(60, DELETE)))
    connection = store.connect()
    assert.is_truthy(limiter.take(60, DELETE))
  end)

  it("doesn't mind that its script is flushed", function()
    local limiter = store.holder { requests_per_minute = 1 }
    local token = limiter.take(60, DELETE)
    store.connect():script("flush")
    limiter.give(token)
    assert.is_nil((limiter.take(60, DELETE)))
  end)

  it("is asked, and its answers read, alike where the locale writes a decimal comma", function()
    local format, number = string.format, tonumber
    finally(function()
      rawset(string, "format", format)
      rawset(_G, "tonumber", number)
    end)
    local limiter = store.holder { requests_per_minute = 1 }
    -- As they are in Lua 5.1 after os.setlocale "de_DE".
    rawset(string, "format", function(form, ...)
      local text = format(form, ...)
      return form:find "^%%%.%df$" and text:gsub("%.", ",") or text
    end)
    rawset(_G, "tonumber", function(value, ...)
      if type(value) ~= "string" then return number(value, ...) end
      if value:find(".", 1, true) then return nil end
      return number((value:gsub(",", ".")), ...)
    end)
    assert.is_truthy(limiter.take(60.5, DELETE))
    local taken, wait, why = limiter.take(60.5, DELETE)
    assert.is_nil(taken)
    assert.is_nil(why)
    assert.is_true(wait > 1)
  end)

  it("that has lost what it counted is believed once nothing counts any more", function()
    local limits = { requests_per_minute = 1, requests_per_hour = false }
    local limiter = store.holder(limits)
    assert.is_truthy(limiter.take(30, DELETE))
    store.set(0.1)
    store.connect():flushall()
    local taken, wait, why = limiter.take(30, DELETE)
    assert.is_nil(taken)
    assert.is_true(wait > 0)
    assert.equal("the store has lost what it counted", why)
    store.set(89)
    assert.is_nil((limiter.take(30, DELETE)))
    store.set(91)
    assert.is_truthy(limiter.take(30, DELETE))
  end)

  it("keeps nothing that no longer counts", function()
    local limiter = store.holder()
    limiter.give(limiter.take(30, DELETE))
    local connection = store.connect()
    assert.is_true(#connection:keys "*" > 0)
    store.set(7400)
    assert.same({}, connection:keys "*")
    assert.is_truthy(limiter.take(30, DELETE))
  end)

  -- Clients that don't give what was asked for.
  for what, row in pairs {
    ["nil and why"] = { function() return nil, "LOADING" end, "Redis: LOADING" },
    ["an error object"] = { function() error { "x" } end, "Redis: table" },
    ["the answer to an earlier question"] = { function(answer, before) return before or answer end,
      "Redis: another question's answer" },
  } do
    it("can't be asked by a client whose eval brings " .. what, function()
      local connection, before, broken = store.connect(), nil, false
      local limiter = geelark.limiter.redis({ eval = function(_, ...)
        local answer = connection:eval(...)
        if broken then return row[1](answer, before) end
        before = answer
        return answer
      end })
      local token = limiter.take(60, DELETE)
      broken = true
      local taken, wait, why = limiter.take(60, DELETE)
      assert.is_nil(taken)
      assert.is_true(wait > 0)
      assert.matches("^" .. row[2], why)
      assert.has_no.errors(function() limiter.give(token) end)
    end)
  end

  it("says so where a client begins to yield", function()
    local connection, yields = store.connect(), false
    local limiter = geelark.limiter.redis { eval = function(_, ...)
      if yields then coroutine.yield() end
      return connection:eval(...)
    end }
    yields = true
    coroutine.wrap(function()
      local options = service.options(service.success, { limiter = limiter })
      local _, err = geelark.delete({ "a1" }, options)
      assert.equal("callback", err.kind)
      assert.matches(YIELDS, err.message, 1, true)
    end)()
  end)

  it("refuses the child of a fork, whose connection is its parent's", function()
    local limiter = store.holder()
    assert(fork(function()
      local ran, why = pcall(limiter.take, 60, DELETE)
      return not ran and why:find("before a fork: make a new one", 1, true) ~= nil
    end))
    assert.is_truthy(limiter.take(60, DELETE))
  end)
end)

describe("the manual's limiter in Redis", function()
  for _, block in ipairs(readme.blocks("redis", "doc/manual.md")) do
    it("runs as it stands there: line " .. block.line, function()
      local server = redis.start()
      finally(function() server:stop() end)
      local source, ports = block.source:gsub("6379", server.port)
      assert.equal(1, ports)
      block.source = source
      readme.check(block, readme.run(block, readme.hosts.lua))
    end)
  end
end)

describe("a quota in Redis for three machines whose clocks differ by a minute", function()
  it("is never exceeded", function()
    shell.need("command -v faketime", "faketime")
    local server = redis.start()
    finally(function() server:stop() end)
    local source = ([[
      local redis = require "spec.support.redis"
      local connection = redis.client().connect("127.0.0.1", %d)
      local limiter = require("geelark").limiter.redis(connection, { requests_per_minute = 24 })
      local taken = 0
      for _ = 1, 20 do
        local token, _, why = limiter.take(60, %q)
        if token then
          taken = taken + 1
          limiter.give(token)
        end
        if why then print(why) end
      end
      local earliest, server, latest = os.time(), connection:time()[1], os.time()
      print(taken, earliest - server, latest - server)]]):format(server.port, DELETE)
    local processes, taken = {}, 0
    for shift in pairs { [-60] = true, [0] = true, [60] = true } do
      processes[shift] = assert(io.popen(("exec faketime -f %+d sh -c %s"):format(shift,
        shell.quote(shell.run_lua(source)))))
    end
    for shift, process in pairs(processes) do
      local said = process:read "*a"
      local amount, least, most = said:match "^(%d+)%s+(%S+)%s+(%S+)%s*$"
      taken = taken + assert(tonumber(amount), said)
      -- By whole seconds, so that a clock may seem to be off by one more.
      assert.is_true(tonumber(least) <= shift + 1 and tonumber(most) >= shift - 1, said)
      process:close()
    end
    assert.equal(24, taken)
  end)
end)
