-- After a fork: the child is refused and harms nothing, the parent goes on.

local fork = require "spec.support.native" "fork"
local geelark = require "geelark"
local held = require "spec.support.held"
local played = require "spec.support.played"
local service = require "spec.support.service"

describe("after a fork", function()
  it("the child's calls raise, the parent's job comes to its end", function()
    local options, requests = held()
    local client = assert(geelark.new(options))
    local job = client:start { "a1" }
    job:step()
    local told = fork(function()
      local stepped, message = pcall(job.step, job)
      local called = pcall(client.delete, client, { "b1" })
      return not stepped and not called and message:find("before a fork", 1, true) ~= nil
    end)
    assert.is_true(told)
    requests:answer_all()
    assert.is_true(job:step())
    assert.equal(1, assert(job:result()).successAmount)
  end)

  it("the child's collector leaves the parent's connection alone", function()
    local server = played()
    finally(function() server:close() end)
    local client = assert(geelark.new { token = "t", base_url = server.url })
    local job = client:start { "a1" }
    job:pollfd()
    local connection = server:accept(job)
    connection:read(job)
    local told = fork(function()
      local all = true
      for _, method in ipairs { "step", "pollfd", "timeout", "progress", "result", "cancel" } do
        local ok, message = pcall(job[method], job)
        all = all and not ok and message:find("by another process, before a fork", 1, true)
      end
      job, client = nil, nil
      require "spec.support.collect"()
      return all and true
    end)
    assert.is_true(told)
    connection:answer(200, service.envelope(0, 1, {}))
    while not job:step(1) do assert.equal(1, job:progress().inFlight) end
    assert.equal(1, assert(job:result()).successAmount)
    assert.is_false(server:is_waited_for())
    client:close()
  end)

  for _, name in ipairs { "on_event", "on_progress", "transport", "now" } do
    it("in a callback (" .. name .. ") the child's call raises, the parent's goes on", function()
      local options, log = service.options(service.success, { chunk_size = 1, concurrency = 1 })
      local holder = name == "now" and options.clock or options
      local inner, child, calls = holder[name], nil, 0
      holder[name] = function(...)
        calls = calls + 1
        if calls == 2 then child = fork() end
        if inner then return inner(...) end
      end
      local ok, result = pcall(geelark.delete, { "a1", "a2", "a3" }, options)
      if child == 0 then
        local sent = #log
        fork(not ok and result:find("before a fork", 1, true) ~= nil and sent < 3)
      end
      assert.is_true(fork(child))
      assert.is_true(ok)
      assert.equal(3, result.successAmount)
      assert.equal(3, #log)
    end)
  end
end)
