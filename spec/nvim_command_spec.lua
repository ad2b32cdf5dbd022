-- :GeelarkDelete and :GeelarkCancel: which ids they take, what they refuse, whom they ask.

local nvim = require "spec.support.nvim"
local simulator = require "spec.support.simulator"

describe(":GeelarkDelete", function()
  local sim, screen

  local function start(options)
    sim = simulator.start(options)
    return sim
  end

  after_each(function()
    if screen then screen:stop() end
    if sim then sim:stop() end
    screen, sim = nil, nil
  end)

  it("deletes the ids of the lines: blanks, commas, quotes around, empty lines between", function()
    local printed = nvim.output([[
      edit { ids[1], "  " .. ids[2] .. "\r", "", ids[3] .. ",", '"' .. ids[4] .. '",',
        " , '" .. ids[5] .. "' ", "   ", "123456ABCDEF", "not this one" }
      command "1,8GeelarkDelete!"
      print(said[1])
      quickfix()]], { sim = start { phones = 10 } })
    assert.equal("geelark: 5 deleted, 1 failed, see :copen\n"
      .. "8\tE\t1\t123456ABCDEF failed: env not found "
      .. "(42001 not_found; nothing to do: it is gone)", printed)
    assert.same({ 1, 6 }, { #sim:state().requests, #sim:state().requests[1].ids })
  end)

  for line, shown in pairs {
    ["528086321789535232 528086321789600768"] = "528086321789535232 528086321789600768",
    ["528086321789535232,528086321789600768"] = "528086321789535232,528086321789600768",
    ["528086321789535232 # John's"] = "528086321789535232 # John's",
    ['"528086321789535232'] = '"528086321789535232',
    ["\"528086321789535232'"] = "\"528086321789535232'",
    ["5.28086E+17"] = "5.28086E+17",
    ["528086321789535232.0"] = "528086321789535232.0",
    ["-528086321789535232"] = "-528086321789535232",
    ["phone_id"] = "phone_id", ["id"] = "id", [","] = ",", ["[\"1\"]"] = "[\"1\"]",
    ["１２３"] = "１２３", ["\1" .. "1"] = "^A1",
    [("7"):rep(65)] = ("7"):rep(40) .. "…",
    [("x"):rep(64) .. "-1"] = ("x"):rep(40) .. "…",
    ["-a1"] = "-a1", ["_1"] = "_1", ["a.1"] = "a.1",
  } do
    it("refuses a line that holds " .. shown, function()
      local why = "geelark: line 2 holds no single id: " .. shown .. "; nothing was deleted"
      assert.equal(why, nvim.output(([[
        edit { ids[1], %q, ids[2] }
        vim.cmd "%%GeelarkDelete!"
        print(table.concat(said, "\n"))]]):format(line), { sim = start { phones = 10 } }))
      assert.equal(0, #sim:state().requests)
    end)
  end

  for call, why in pairs {
    ["GeelarkDelete!"] = "give a range, as in :%GeelarkDelete, or ids",
    ["1GeelarkDelete! 1"] = "both a range and ids are given",
    ["2GeelarkDelete!"] = "the lines hold no id",
    ["GeelarkDelete! 1 | echo 2"] = "argument 2 holds no single id: | (and 1 more)",
    ['GeelarkDelete! 1 "2'] = 'argument 2 holds no single id: "2',
    ["1GeelarkDelete! ++stpo"] = "there is no ++stpo, only ++stop",
    ["GeelarkDelete! ++stop"] = "give a range, as in :%GeelarkDelete, or ids",
    ["1GeelarkDelete! ++stop 1"] = "both a range and ids are given",
    ["1GeelarkDelete!"] = "config: no credentials: set the option token (GEELARK_TOKEN), "
      .. "or app_id and api_key (GEELARK_APP_ID, GEELARK_API_KEY)",
  } do
    it("refuses " .. call .. ": " .. why, function()
      assert.equal("geelark: " .. why .. "; nothing was deleted", nvim.output(([[
        edit { "1", "" }
        vim.cmd %q
        assert(leaving.none())
        print(table.concat(said, "\n"))]]):format(call)))
    end)
  end

  for _, name in ipairs { "GEELARK_TOKEN", "https_proxy", "ALL_PROXY" } do
    it("goes by what the variable " .. name .. " says now", function()
      assert.matches("^nil\nconfig: " .. name .. ": ", nvim.output(([[
        local clients = require "geelark.nvim.client"
        print(clients.flaw { "1" })
        vim.env.%s = "not a\tvalue"
        print(clients.flaw { "1" })]]):format(name), { environment = "GEELARK_TOKEN=t" }))
    end)
  end

  it("refuses wrong options of setup when they are used", function()
    assert.equal("geelark: setup: tokn: unknown option, did you mean token?"
      .. "; nothing was deleted\nfalse\nfalse", nvim.output [[
      driver.setup { tokn = "x" }
      vim.cmd "GeelarkDelete! 1"
      print(said[1])
      print((pcall(driver.setup, 1)))
      print((pcall(driver.setup, setmetatable({}, { __index = { dry_run = true } }))))]])
  end)

  it("says what helps where the core can't be loaded", function()
    assert.equal("geelark: the core can't be loaded, see :checkhealth geelark"
      .. "; nothing was deleted", nvim.output [[
      package.cpath = ""
      vim.cmd "GeelarkDelete! 1"
      print(said[1])]])
  end)

  it("asks nobody and sends nothing in a dry run", function()
    assert.equal("geelark: dry run, nothing was sent\n0", nvim.output([[
      driver.setup { dry_run = true }
      command("GeelarkDelete! " .. ids[1])
      print(said[1])
      print(#vim.fn.getqflist())]], { sim = start { phones = 10 } }))
    assert.equal(0, #sim:state().requests)
  end)

  it("asks first and says how many; Enter alone deletes nothing", function()
    screen = nvim.open { phones = 30, sim = start { phones = 30 } }
    screen:keys ":2,30GeelarkDelete<CR>"
    local seen = screen:shows "Delete 29 cloud phones? This can't be undone."
    assert.matches("\n1: No, delete nothing\n2: Delete 29 cloud phones\n", seen)
    screen:keys "<CR>"
    assert.matches("\ngeelark: nothing was deleted$", screen:shows "geelark: nothing was deleted")
    screen:keys ":1GeelarkDelete<CR>"
    screen:shows "Delete the cloud phone 528086321789535232? This can't be undone."
    screen:keys "<Esc>"
    screen:shows "geelark: nothing was deleted"
    screen:keys ":$GeelarkDelete<CR>"
    screen:shows "Delete the cloud phone 528086321791435776? This can't be undone."
    assert.equal(0, #sim:state().requests)
    screen:keys "2<CR>"
    screen:shows "geelark: 1 deleted"
    assert.same({ { "528086321791435776" } }, { sim:state().requests[1].ids })
  end)

  -- A picker that is answered when the spec does so; a screen is said to be there.
  local PICKER = [[
    local asked = {}
    vim.ui.select = function(items, options, answer)
      asked[#asked + 1] = function(i) answer(items[i], i) end
      print(options.kind, options.prompt, table.concat(items, ", "))
    end
    vim.api.nvim_list_uis = function() return { {} } end
    edit(ids)
  ]]

  it("asks by vim.ui.select, so that a picker of the user's does; it may answer later", function()
    assert.equal("geelark\tDelete 2 cloud phones (1 more are repeated)? This can't be undone.\t"
      .. "No, delete nothing, Delete 2 cloud phones\ngeelark: 2 deleted", nvim.output(PICKER .. [[
      edit { ids[1], ids[2], ids[1] }
      vim.cmd "%GeelarkDelete"
      asked[1](2)
      finish()
      print(said[1])]], { sim = start { phones = 2 } }))
  end)

  it("deletes nothing where a picker is left without a choice", function()
    assert.matches("\ngeelark: nothing was deleted$", nvim.output(PICKER .. [[
      vim.cmd "%GeelarkDelete"
      asked[1]()
      print(said[1])]], { sim = start { phones = 250 } }))
    assert.equal(0, #sim:state().requests)
  end)

  it("deletes one list at a time, whichever was asked about first, and finds its lines", function()
    assert.matches("\ngeelark: already deleting %(:GeelarkCancel stops it%)\n"
      .. "geelark: 0 deleted, 1 failed, see :copen\n2\tE\t1\t", nvim.output(PICKER .. [[
      vim.cmd "1GeelarkDelete"
      vim.cmd "1GeelarkDelete!"
      vim.fn.append(0, ids[1]) -- the line moves, and the id stands before it, too
      asked[1](2)
      finish()
      print(table.concat(said, "\n"))
      quickfix()]], { sim = start { phones = 1, states = { started = 1 } }, phones = 1 }))
    assert.equal(1, #sim:state().requests)
  end)

  it("tells notifiers its title", function()
    assert.equal("geelark\t" .. "geelark: no delete is under way", nvim.output [[
      vim.notify = function(text, _, options) print(options.title, text) end
      vim.cmd "GeelarkCancel"]])
  end)

  it("deletes nothing where there is no screen to ask on", function()
    assert.equal("geelark: there is no screen to ask on (:GeelarkDelete! doesn't ask)"
      .. "; nothing was deleted", nvim.output([[
      command("GeelarkDelete " .. ids[1])
      print(said[1])]], { sim = start { phones = 1 } }))
    assert.equal(0, #sim:state().requests)
  end)

  it("deletes one list at a time", function()
    assert.equal("geelark: already deleting (:GeelarkCancel stops it)\n"
      .. "geelark: 1 deleted\ngeelark: 1 deleted", nvim.output([[
      vim.cmd("GeelarkDelete! " .. ids[1])
      vim.cmd("GeelarkDelete! " .. ids[2])
      finish()
      command("GeelarkDelete! " .. ids[2])
      print(table.concat(said, "\n"))]], { sim = start { phones = 2 } }))
  end)

  it("keeps one quota over several calls", function()
    assert.equal("geelark: 1 deleted\ngeelark: cancelled: 0 deleted, 1 pending, see :copen",
      nvim.output([[
      driver.setup { requests_per_minute = 1 }
      command("GeelarkDelete! " .. ids[1])
      vim.cmd("GeelarkDelete! " .. ids[2])
      wait(function() return jobs[2]:progress().waiting > 0 end)
      command "GeelarkCancel"
      print(table.concat(said, "\n"))]], { sim = start { phones = 3 } }))
    assert.equal(1, #sim:state().requests)
  end)

  it("takes other credentials of the environment from then on", function()
    assert.equal("geelark: 1 deleted\ngeelark: ended (auth): 0 deleted, 1 pending, see :copen",
      nvim.output([[
      command("GeelarkDelete! " .. ids[1])
      vim.env.GEELARK_TOKEN = "another"
      command("GeelarkDelete! " .. ids[2])
      print(table.concat(said, "\n"))]], { sim = start { phones = 2 } }))
  end)
end)

describe(":GeelarkCancel", function()
  it("says so where no delete is under way", function()
    assert.equal("geelark: no delete is under way", nvim.output [[
      vim.cmd "GeelarkCancel"
      print(said[1])]])
  end)

  it("sends nothing more; what is in flight is waited for, the rest is pending", function()
    assert.matches("^geelark: cancelled: 200 deleted, 800 pending, see :copen\n2\n201\tI\t1\t",
      nvim.output([[
      local service = require "spec.support.nvim.service"
      edit(ids)
      vim.cmd "%GeelarkDelete!"
      wait(function() return #service.requests == 2 end)
      vim.cmd "GeelarkCancel"
      service.answer()
      finish()
      print(said[1])
      print(#service.requests)
      quickfix()]], { phones = 1000 }))
  end)
end)
