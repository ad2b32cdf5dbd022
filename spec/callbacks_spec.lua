-- Callbacks that raise: nothing is lost, whatever the caller's code does.

local geelark = require "geelark"
local service = require "spec.support.service"

describe("a callback that raises", function()
  for _, name in ipairs { "on_progress", "on_event" } do
    it("(" .. name .. ") stops the job, and the account is complete", function()
      local options, log = service.options(service.success, { chunk_size = 1, concurrency = 1 })
      local calls = 0
      options[name] = function()
        calls = calls + 1
        if calls == 3 then error "my mistake" end
      end
      local result, err = geelark.delete(service.ids(10), options)
      assert.is_nil(result)
      assert.equal("callback", err.kind)
      assert.truthy(err.message:find("my mistake", 1, true))
      assert.truthy(err.message:find(name, 1, true))
      assert.equal(#log, err.result.successAmount)
      assert.equal(10 - #log, #err.result.pendingIds)
      assert.equal(3, calls)
    end)
  end

  it("before the first request leaves everything pending", function()
    local options, log = service.options(service.success,
      { on_event = function() error { "no text" } end })
    local _, err = geelark.delete({ "a1" }, options)
    assert.equal("callback", err.kind)
    assert.equal(0, #log)
    assert.same({ "a1" }, err.result.pendingIds)
  end)

  it("on the last chunk is told, though every id is settled", function()
    local options = service.options(service.success, { on_progress = function() error "late" end })
    local result, err = geelark.delete({ "a1" }, options)
    assert.is_nil(result)
    assert.equal("callback", err.kind)
    assert.equal(1, err.result.successAmount)
  end)

  it("(clock.sleep) ends the job with its account", function()
    local options = service.options({ { 429, "" } })
    options.clock.sleep = function() error "tired" end
    local _, err = geelark.delete({ "a1" }, options)
    assert.equal("callback", err.kind)
    assert.same({ "a1" }, err.result.pendingIds)
  end)

  for _, name in ipairs { "on_progress", "on_event", "transport" } do
    it("(" .. name .. ") with an error whose __tostring raises ends the job alike", function()
      local options = service.options(service.success, { [name] = function()
        error(setmetatable({}, { __tostring = function() error "no words either" end }))
      end })
      local _, err = geelark.delete({ "a1" }, options)
      assert.equal("callback", err.kind)
      assert.truthy(err.message:find("no words either", 1, true))
    end)
  end
end)

describe("a callback that ends its own job's scope", function()
  local function close(value) debug.getmetatable(value).__close(value) end

  for _, name in ipairs { "on_progress", "on_event", "transport" } do
    it("(" .. name .. ") leaves it to its end", function()
      local options, log = service.options(service.success, { chunk_size = 1 })
      local job
      local carry = options.transport
      options[name] = function(...)
        close(job)
        if name == "transport" then return carry(...) end
      end
      job = geelark.start({ "a1", "b1", "c1" }, options)
      while not job:step() do end
      assert.equal(3, assert(job:result()).successAmount)
      assert.equal(3, #log)
      close(job)
      assert.equal("geelark job (closed, 0 ids)", tostring(job))
    end)
  end

  it("(clock.now) leaves it to its end, too, and its client", function()
    local options = service.options(service.success, { chunk_size = 1 })
    local client, job
    options.clock.now = function()
      if job then close(job) end
      if client then close(client) pcall(client.close, client) end
      return 0
    end
    client = assert(geelark.new(options))
    job = client:start { "a1", "b1", "c1" }
    repeat job:timeout() until job:step()
    assert.equal(3, assert(job:result()).successAmount)
  end)
end)
