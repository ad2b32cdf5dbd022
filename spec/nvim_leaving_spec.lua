-- Neovim is left in the middle of a delete: what is in flight is waited for, and the account isn't
-- lost.

local nvim = require "spec.support.nvim"
local shell = require "spec.support.shell"
local simulator = require "spec.support.simulator"
local temporary = require "spec.support.temporary"

-- The command's delete of 1,000, by the service in the editor: two requests wait for their answer.
local DELETING = [[
  local service = require "spec.support.nvim.service"
  edit(ids)
  vim.cmd "%GeelarkDelete!"
  wait(function() return #service.requests == 2 end)
]]

local ANSWERED_MEANWHILE = [[
  vim.schedule(service.answer) -- is called once the editor waits
  vim.cmd "qall!"]]

describe("leaving Neovim in the middle of a delete", function()
  local sim, directory, screen

  after_each(function()
    if screen then screen:stop() end
    if sim then sim:stop() end
    if directory then directory:remove() end
    sim, directory, screen = nil, nil, nil
  end)

  -- A simulator that answers none of so many requests; the file "arrived" says that they are there.
  local function unanswered(requests)
    directory = temporary.new()
    sim = simulator.start { phones = 1000, plan = ([[
      return function(request)
        if request.number == %d then io.open(%q, "w"):close() end
        return { delay = 3600 }
      end]]):format(requests, directory:file "arrived") }
    return ("wait(function() return vim.loop.fs_stat %q end)\n"):format(directory:file "arrived")
  end

  -- Runs a script that leaves Neovim. Returns what the list holds, by outcome, and the run.
  local function leave(script, options)
    local run, place = nvim.run(script, options)
    local listed, path = {}, run.errors:match "listed in ([^\r\n]*)"
    for outcome in (path and shell.read(path) or ""):gmatch "\n%d+\t(%l+)" do
      listed[outcome] = (listed[outcome] or 0) + 1
    end
    place:remove()
    return listed, run
  end

  it("waits for what is in flight, sends nothing more, and lists the rest in a file", function()
    local listed, run = leave(DELETING .. [[
      vim.api.nvim_create_autocmd("VimLeave",
        { callback = function() print(#service.requests) end })
      ]] .. ANSWERED_MEANWHILE, { phones = 1000 })
    assert.matches("geelark: cancelled: 200 deleted, 800 pending", run.errors)
    assert.same({ pending = 800 }, listed)
    assert.equal("2\n", run.output)
  end)

  it("doesn't wait for ever: what is in flight then is unknown", function()
    local arrived = unanswered(2)
    local listed, run = leave([[
      edit(ids)
      vim.cmd "%GeelarkDelete!"
      ]] .. arrived .. [[
      leaving.patience = 1
      vim.cmd "qall!"]], { sim = sim, phones = 1000 })
    assert.matches("geelark: cancelled: 0 deleted, 200 unknown, 800 pending", run.errors)
    assert.same({ unknown = 200, pending = 800 }, listed)
  end)

  it("shows the rest where it can't be written to a file", function()
    local _, run = leave(DELETING .. [[
      vim.fn.delete("data", "rf")
      io.open("data", "w"):close()
      ]] .. ANSWERED_MEANWHILE, { phones = 1000 })
    assert.matches("They can't be written to a file", run.errors, 1, true)
    assert.equal(800, select(2, run.errors:gsub("%d+ pending: not processed", "")))
  end)

  it("gives a script's callback its account before the end", function()
    local _, run = leave([[
      local service = require "spec.support.nvim.service"
      driver.delete(ids, { token = "t", transport = service.transport, concurrency = 1 },
        function(...) print(account(...)) end)
      wait(function() return #service.requests == 1 end)
      ]] .. ANSWERED_MEANWHILE)
    assert.equal("100 deleted, 0 failed, 0 unknown, 150 pending, cancelled\n", run.output)
  end)

  it("gives each script's callback its account, whatever another one raises", function()
    local arrived = unanswered(3)
    local _, run = leave([[
      for i = 1, 3 do
        driver.delete({ ids[i] }, nil, function(...) print(i, account(...)) error "no" end)
      end
      ]] .. arrived .. [[
      leaving.patience = 1
      vim.cmd "qall!"]], { sim = sim })
    for i = 1, 3 do
      assert.matches(i .. "\t0 deleted, 0 failed, 1 unknown, 0 pending, cancelled\n", run.output)
    end
    assert.equal(3, select(2, run.errors:gsub("script.lua:%d+: no", "")))
  end)

  it("says on a screen what is left and where that stands; Ctrl-C ends the wait", function()
    local arrived = unanswered(2)
    screen = nvim.open { phones = 1000, sim = sim }
    screen:keys ":%GeelarkDelete!<CR>"
    screen:lua("function wait(over) assert(vim.wait(20000, over, 5)) end " .. arrived)
    screen:keys ":quit!<CR>"
    screen:shows "geelark: waiting for the last answers (Ctrl-C ends it)"
    screen:keys "<C-c>"
    local seen = screen:shows "The ids are listed in"
    assert.matches("cancelled: 0 deleted, 200 unknown, 800 pending", seen, 1, true)
  end)
end)
