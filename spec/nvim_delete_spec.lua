-- geelark.nvim's delete, in the real editor: callbacks, errors, cancelling, the editor's loop.

local nvim = require "spec.support.nvim"
local simulator = require "spec.support.simulator"

describe("geelark.nvim", function()
  local sim
  after_each(function()
    if sim then sim:stop() end
    sim = nil
  end)

  it("has a first name that goes on working", function()
    assert.equal("true", nvim.output [[print(require "geelark.loop.nvim" == driver)]])
  end)

  it("may be used first where most of the editor can't be called", function()
    sim = simulator.start { phones = 250 }
    assert.equal("true\n250 deleted, 0 failed, 0 unknown, 0 pending\n2", nvim.output([[
      for name in pairs(package.loaded) do
        if name:find "^geelark" then package.loaded[name] = nil end
      end
      local over
      vim.loop.new_timer():start(0, 0, function()
        print(vim.in_fast_event())
        require("geelark.nvim").delete(ids, {}, function(...) print(account(...)) over = true end)
      end)
      wait(function() return over end)
      print(#vim.api.nvim_get_autocmds { group = "geelark", event = "VimLeavePre" })]],
      { sim = sim })) -- 2: that of the first loading watches its own deletes
  end)

  it("raises for wrong arguments in the caller's line, and sends nothing", function()
    sim = simulator.start { phones = 1 }
    local printed = nvim.output([[
      local function try(...) print((select(2, pcall(driver.delete, ...)))) end
      try({ "" }, nil, print)
      try({ "1" }, { tokn = "x" }, print)
      try({ "1" }, { on_progress = 1 }, print)
      try({ "1" }, 1, print)
      try({ "1" }, setmetatable({}, { __index = { dry_run = true } }), print)
      try({ "1" })
      print((select(2, pcall(function() driver.delete({ "" }, nil, print) end))))
      print(leaving.none())]], { sim = sim })
    assert.matches("^bad argument to 'delete' %(ids%[1%]: empty string%)\n"
      .. "bad argument to 'delete' %(tokn: unknown option, did you mean token%?%)\n"
      .. "bad argument to 'delete' %(on_progress: function expected, got 1%)\n"
      .. "bad argument to 'delete' %(table expected, got number%)\n"
      .. "bad argument to 'delete' %(plain table of options expected, [^\n]*\n"
      .. "bad argument to 'delete' %(callback: function expected, got nil%)\n"
      .. "script.lua:%d+: bad argument to 'delete' %(ids%[1%]: empty string%)\ntrue$", printed)
    assert.equal(0, #sim:state().requests)
  end)

  it("gives nil and err where there is one", function()
    assert.equal("0 deleted, 0 failed, 0 unknown, 2 pending, config",
      nvim.output [[driver.delete({ "1", "2" }, nil, function(...) print(account(...)) end)]])
  end)

  it("calls every callback from the main loop, in order", function()
    sim = simulator.start { phones = 120, states = { started = 1 } }
    assert.equal("send 100\nsettle 100\nprogress 99 1\nsend 20\nsettle 20\nprogress 119 1\n"
      .. "119 deleted, 1 failed, 0 unknown, 0 pending", nvim.output([[
      local function say(...)
        assert(not vim.in_fast_event())
        vim.fn.getpid() -- not allowed elsewhere
        print(table.concat({ ... }, " "))
      end
      driver.delete(ids, {
        concurrency = 1,
        on_event = function(event) say(event.type, #event.ids) end,
        on_progress = function(p) say("progress", p.successAmount, p.failAmount) end,
      }, function(...) say(account(...)) end)]], { sim = sim, phones = 120 }))
  end)

  -- Beside ids and a callback: how the limiter gets to the job.
  for name, delete in pairs {
    ["setup"] = [[
      driver.setup { limiter = limiter }
      command("GeelarkDelete! " .. ids[1])]],
    ["a client"] = [[
      local client = assert(require("geelark").new { limiter = limiter })
      local over
      driver.delete({ ids[1] }, { client = client }, function() over = true end)
      wait(function() return over end)]],
  } do
    it("calls the limiter of " .. name .. " from the main loop", function()
      sim = simulator.start { phones = 1 }
      assert.equal("take\tfalse\ngive\tfalse", nvim.output([[
        local limiter = {}
        for _, name in ipairs { "take", "give" } do
          limiter[name] = function() print(name, vim.in_fast_event()) return true end
        end]] .. "\n" .. delete, { sim = sim }))
    end)
  end

  for name, deleted in pairs { on_progress = 100, on_event = 0 } do
    it("loses nothing and sends nothing more after an error in " .. name, function()
      sim = simulator.start { phones = 1000 }
      local printed = nvim.output(([[
        local calls = 0
        driver.delete(ids, { concurrency = 1, %s = function() calls = calls + 1 error "no" end },
          function(result, err)
            assert(result == nil and err.result.totalAmount == 1000)
            print(err.kind, calls, tostring(err) == err.message, err.message)
            print(account(nil, err))
          end)]]):format(name), { sim = sim, phones = 1000 })
      assert.matches("^callback\t1\ttrue\tcallback: " .. name
        .. ": .*script.lua:%d+: no ", printed)
      assert.matches(("\n%d deleted, 0 failed, 0 unknown, %d pending, callback$"):format(deleted,
        1000 - deleted), printed)
      assert.equal(deleted / 100, #sim:state().requests)
    end)
  end

  it("tells of an error in the last on_progress, with the whole account", function()
    sim = simulator.start { phones = 250 }
    assert.equal("callback\n250 deleted, 0 failed, 0 unknown, 0 pending, callback", nvim.output([[
      driver.delete(ids, { on_progress = function(p)
        if p.pendingAmount + p.inFlight == 0 then error "no" end
      end }, function(result, err) print(err.kind) print(account(result, err)) end)]],
      { sim = sim }))
  end)

  it("cancels", function()
    sim = simulator.start { phones = 250 }
    assert.equal("100 deleted, 0 failed, 0 unknown, 150 pending, cancelled", nvim.output([[
      local job
      job = driver.delete(ids, { concurrency = 1, on_event = function(event)
        if event.type == "settle" then job:cancel() end
      end }, function(...) print(account(...)) end)]], { sim = sim }))
  end)

  it("may be called from a callback of vim.loop", function()
    sim = simulator.start { phones = 250 }
    assert.equal("250 deleted, 0 failed, 0 unknown, 0 pending", nvim.output([[
      local over
      local timer = vim.loop.new_timer()
      timer:start(0, 0, function()
        assert(vim.in_fast_event())
        driver.delete(ids, {}, function(...) print(account(...)) over = true end)
      end)
      wait(function() return over end)]], { sim = sim }))
  end)

  it("needs no vim.loop where there is vim.uv, as in newer Neovims", function()
    sim = simulator.start { phones = 250 }
    assert.equal("geelark: 250 deleted", nvim.output([[
      edit(ids)
      command "%GeelarkDelete!"
      print(said[1])]], { sim = sim, before = "vim.uv, vim.loop = vim.uv or vim.loop, nil" }))
  end)

  it("goes on while the main loop is at something else; the last callback comes after", function()
    sim = simulator.start { phones = 250 }
    assert.equal("250\nnone yet\n250 deleted, 0 failed, 0 unknown, 0 pending", nvim.output([[
      local called
      local job = driver.delete(ids, {}, function(...) called = true print(account(...)) end)
      vim.wait(20000, function() return job:progress().successAmount == 250 end, 5, true)
      print(job:progress().successAmount)
      print(called and "called" or "none yet")]], { sim = sim }))
  end)

  it("sends nothing that on_event hasn't been told of, as long as the main loop is busy", function()
    sim = simulator.start { phones = 250 }
    assert.equal("0\tnone yet\n250 deleted, 0 failed, 0 unknown, 0 pending", nvim.output([[
      local told
      local job = driver.delete(ids, { on_event = function() told = true end },
        function(...) print(account(...)) end)
      local turns, check = 0, vim.loop.new_check()
      check:start(function() turns = turns + 1 end)
      vim.wait(20000, function() return turns >= 20 end, 5, true)
      check:close()
      print(job:progress().inFlight, told and "told" or "none yet")]], { sim = sim }))
  end)
end)
