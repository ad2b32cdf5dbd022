-- Ctrl-C: nothing more is sent, and the account is true.

local geelark = require "geelark"
local played = require "spec.support.played"
local service = require "spec.support.service"
local shell = require "spec.support.shell"
local temporary = require "spec.support.temporary"

describe("an interrupt", function()
  it("that meets the reading of an answer loses none", function()
    -- As the interpreter's does, the hook raises once, at the next call after the signal.
    local requests, answered = 0, false
    local function interrupt()
      if not answered then return end
      debug.sethook()
      error "interrupted!"
    end
    local _, err = geelark.delete({ "a1", "a2" }, { token = "t", chunk_size = 1, concurrency = 1,
      transport = function(request)
        requests = requests + 1
        if requests == 1 then debug.sethook(interrupt, "c") end
        local status, body = service.success(request)
        answered = true
        return status, body
      end })
    debug.sethook()
    assert.equal(1, requests)
    assert.equal("cancelled", err.kind)
    assert.equal(1, err.result.successAmount)
    assert.same({ "a2" }, err.result.pendingIds)
  end)

  local places = {
    ["the main chunk"] = "work()",
    ["a coroutine"] = "coroutine.wrap(work)()",
    ["a coroutine in a coroutine"] = "coroutine.wrap(function() coroutine.wrap(work)() end)()",
  }
  for where, call in pairs(places) do
    it("from the keyboard ends a call in " .. where .. " with its account", function()
      local server = played()
      finally(function() server:close() end)
      local script = ([[
        print(io.popen("echo $PPID"):read())
        io.stdout:flush()
        local geelark = require "geelark"
        local function work()
          local result, err = geelark.delete({ "a1", "a2", "a3" }, { token = "t", base_url = %q,
            chunk_size = 1, concurrency = 1 })
          print(result, err.kind, err.result.successAmount, #err.result.pendingIds)
        end
        %s
        print "over"
      ]]):format(server.url, call)
      local process = assert(io.popen(shell.run_lua(script) .. " 2>&1"))
      local pid = assert(process:read "*l")
      local connection = server:accept()
      connection:read()
      shell.run("kill -INT " .. pid)
      connection:answer(200, service.envelope(0, 1, {}))
      local said = process:read "*a"
      process:close()
      assert.equal("nil\tcancelled\t1\t2\nover\n", said)
    end)
  end

  for _, name in ipairs { "on_event", "limiter.take", "clock.now" } do
    it("from the keyboard in a coroutine, in " .. name .. ", lets no request leave", function()
      local said = shell.output(shell.run_lua(([[
        local geelark, service = require "geelark", require "spec.support.service"
        local owner, field = ("%s"):match "^(%%w-)%%.?([%%w_]+)$"
        -- Presses Ctrl-C in this call of the function; returns how many came before the request
        -- left, or nil where none did, and the kind of the error.
        local function delete(pressed_in)
          local calls, before_it = 0, nil
          local options = service.options(function(request)
            before_it = calls
            return service.success(request)
          end, { on_event = function() end })
          options.limiter = { take = function() return true end, give = function() end }
          local holder = options[owner] or options
          local called = holder[field]
          holder[field] = function(...)
            calls = calls + 1
            if calls == pressed_in then io.popen "kill -INT $PPID":close() end
            return called(...)
          end
          local _, err = geelark.delete({ "a1" }, options)
          return before_it, err and err.kind
        end
        coroutine.wrap(function() print(delete((delete()))) end)()
      ]]):format(name)) .. " 2>&1")
      assert.equal("nil\tcancelled", said)
    end)
  end

  it("that comes while an answer is read loses none, and nothing more is sent", function()
    local said = shell.output(shell.run_lua [[
      local cjson = require "cjson"
      cjson.new = require "spec.support.native" "interrupted"(cjson.new)
      local geelark, service = require "geelark", require "spec.support.service"
      local options, log = service.options(service.success, { chunk_size = 1, concurrency = 1 })
      options.clock = nil
      local _, err = geelark.delete({ "a1", "a2", "a3" }, options)
      print(#log, err.kind, err.result.successAmount, #err.result.pendingIds)
    ]] .. " 2>&1")
    assert.equal("1\tcancelled\t1\t2", said)
  end)

  -- As the interpreter's hook raises: in whatever runs.
  local function interrupted()
    debug.sethook(function()
      debug.sethook()
      error "interrupted!"
    end, "", 1)
    return tostring(1)
  end
  for _, name in ipairs { "on_progress", "on_event", "transport", "limiter.take", "limiter.give",
                          "clock.now", "clock.sleep" } do
    it("that comes while " .. name .. " runs is no mistake of the callback's", function()
      local options, log = service.options({ { 200, "lost" } }, { chunk_size = 1, concurrency = 1 })
      options.limiter = { take = function() return true end, give = function() end }
      local owner, field = name:match "^(%w+)%.(%w+)$"
      local holder = owner and options[owner] or options
      field = field or name
      local before = holder[field]
      holder[field] = function(...)
        if #log > 0 or name == "transport" or name == "limiter.take" then interrupted() end
        if before then return before(...) end
      end
      local _, err = geelark.delete({ "a1", "a2" }, options)
      assert.equal("cancelled", err.kind)
      assert.equal(name .. ": ", err.message:match("^cancelled: ([%w_.]+: )") or err.message)
      local pending = err.result.pendingIds
      assert.equal("a2", pending[#pending])
    end)
  end

  it("is told even where every id got its answer, so that a loop over batches can stop", function()
    local options = service.options(service.success)
    options.on_progress = interrupted
    local _, err = geelark.delete({ "a1" }, options)
    assert.equal("cancelled", err.kind)
    assert.equal(1, err.result.successAmount)
    assert.same({}, err.result.pendingIds)
  end)

  it("is told even where it ends but the watching of phones that shut down", function()
    local options = service.options({
      { 200, service.envelope(0, 1, { service.failure("a1", 43009) }) },
      service.success,
    }, { stop_started = true })
    options.on_event = function(event)
      if event.type == "wait" and event.seconds > 2 then interrupted() end
    end
    local _, err = geelark.delete({ "a1" }, options)
    assert.equal("cancelled", err.kind)
    assert.same({ "a1" }, err.result.stoppedIds)
    assert.equal(43009, err.result.failDetails[1].code)
  end)

  it("is the kind, whatever went wrong before", function()
    local n = 0
    local options = service.options(function(request)
      n = n + 1
      if n == 1 then return nil, "reset", true end
      interrupted()
      return service.success(request)
    end, { chunk_size = 1, concurrency = 1, attempts = 1 })
    local _, err = geelark.delete({ "a1", "a2" }, options)
    assert.equal("cancelled", err.kind)
    assert.equal("a1", err.result.unknownIds[1])
  end)

  local stores = {
    ["geelark.limiter.sqlite"] = function(ask)
      local core, directory = require "geelark.core", temporary.new()
      local limiter, now = geelark.limiter.sqlite(directory:file "quota.db"), core.now
      core.now = ask
      finally(function()
        core.now = now
        directory:remove()
      end)
      return limiter
    end,
    ["geelark.limiter.redis"] = function(ask)
      local connection = { eval = function() end }
      local limiter = geelark.limiter.redis(connection)
      connection.eval = ask
      return limiter
    end,
  }
  for name, limiter_that in pairs(stores) do
    it("that comes while " .. name .. " asks its store is no store that can't be asked", function()
      local options, log = service.options(service.success)
      options.limiter = limiter_that(interrupted)
      local _, err = geelark.delete({ "a1" }, options)
      assert.equal("cancelled", err.kind)
      assert.equal(0, #log)
      assert.same({ "a1" }, err.result.pendingIds)
    end)
  end

  it("is not looked for where a coroutine has loaded the core of Lua 5.1, which then works as ever",
    function()
      local said = shell.output(shell.run_lua [[
        coroutine.wrap(function() require "geelark" end)()
        local service = require "spec.support.service"
        local options = service.options(service.success, { chunk_size = 1 })
        print(assert(require("geelark").delete({ "a1", "a2" }, options)).successAmount)
      ]] .. " 2>&1")
      assert.equal("2", said)
    end)
end)
