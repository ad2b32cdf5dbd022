-- :GeelarkDelete ++stop, in the real editor: what is said of phones that are stopped.

local nvim = require "spec.support.nvim"

-- Answers the question itself, and prints it.
local PICKER = [[
  vim.ui.select = function(items, options, answer)
    print(options.prompt)
    answer(items[2], 2)
  end
  vim.api.nvim_list_uis = function() return { {} } end
]]

-- A script over the simulator, with so many phones in these states.
local function script(phones, states, source, options)
  return ([[
    local service = require "spec.support.nvim.hurried"(
      { phones = %d, states = { %s }, stop_seconds = 30 }, { %s })
    local function stops()
      local amount = 0
      for _, request in ipairs(service:requests()) do
        if request.path:find "stop" then amount = amount + #request.ids end
      end
      return amount
    end
  ]]):format(phones, states, options or "") .. source
end

describe(":GeelarkDelete ++stop", function()
  it("stops the phones that run, deletes them, and says how many it stopped", function()
    assert.equal("geelark: 29 deleted, 1 failed; 3 were stopped, see :copen\t3\n"
      .. "4\tE\t1\t528086321789731840 failed: 云手机使用中 (43021 in_use; try again later)",
      nvim.output(script(30, "in_use = 1, started = 3", [[
        edit(ids)
        command "%GeelarkDelete! ++stop"
        print(said[1], stops())
        quickfix()]]), { phones = 30 }))
  end)

  it("stops nothing in a call that doesn't say so", function()
    assert.equal("geelark: 1 deleted; 1 was stopped\n"
      .. "geelark: 0 deleted, 1 failed, see :copen\t1", nvim.output(script(2, "started = 2", [[
        command("GeelarkDelete! ++stop " .. ids[1])
        command("GeelarkDelete! " .. ids[2])
        print(table.concat(said, "\n"), stops())]])))
  end)

  it("says of what was stopped and isn't deleted that a stop was accepted", function()
    assert.equal("geelark: 0 deleted, 1 failed; 1 was stopped, see :copen\n"
      .. "1\tE\t1\t528086321789535232 failed: env is started "
      .. "(43009 started; stop it, then delete, as ++stop does); a stop was accepted",
      nvim.output(script(1, "unstoppable = 1", [[
        edit { ids[1] }
        command "%GeelarkDelete! ++stop"
        print(said[1])
        quickfix()]], "stop_timeout = 300")))
  end)

  for name, case in pairs {
    ["many"] = { "%GeelarkDelete ++stop", "",
      "Delete 2 cloud phones (1 more are repeated), stopping up to 2 that run? "
      .. "This can't be undone." },
    ["one"] = { "1GeelarkDelete ++stop", "",
      "Delete the cloud phone 528086321789535232, stopping it if it runs? "
      .. "This can't be undone." },
    ["what setup wants stopped"] = { "1,2GeelarkDelete", "stop_started = true",
      "Delete 2 cloud phones, stopping up to 2 that run? This can't be undone." },
    ["many, though setup wants none stopped"] = { "1,2GeelarkDelete ++stop", "stop_started = false",
      "Delete 2 cloud phones, stopping up to 2 that run? This can't be undone." },
  } do
    it("says in the question how many might be stopped: " .. name, function()
      local printed = nvim.output(script(2, "started = 2", PICKER .. ([[
        edit { ids[1], ids[2], ids[1] }
        command "%s"
        print(stops() > 0)]]):format(case[1]), case[2]))
      assert.equal(case[3] .. "\ntrue", printed)
    end)
  end

  it("is offered where one completes, once", function()
    assert.equal("++stop,++stop,,", nvim.output [[
      local function offered(line)
        return table.concat(vim.fn.getcompletion(line, "cmdline"), " ")
      end
      io.write(offered "%GeelarkDelete ", ",", offered "%GeelarkDelete! ++s", ",",
        offered "GeelarkDelete ++stop 5", ",", offered "%GeelarkDelete 5")]])
  end)

  it("shows how many are being stopped, and what it waits for", function()
    local screen = nvim.open { phones = 3 }
    finally(function() screen:stop() end)
    screen:lua(script(3, "started = 2", "service.stand_at_stop()"))
    screen:keys ":%GeelarkDelete ++stop<CR>"
    screen:shows "Delete 3 cloud phones, stopping up to 3 that run? This can't be undone."
    screen:keys "2<CR>"
    local seen = screen:shows "s: phones that are shutting down"
    assert.matches("│ 1 deleted, 2 being stopped +│\n", seen)
    screen:keys ":GeelarkCancel<CR>"
    screen:shows "geelark: 1 deleted, 2 failed; 2 were stopped, see :copen"
  end)

  it("is told of in the file that is left when Neovim is left", function()
    local run, directory = nvim.run(script(1, "started = 1", [[
      service.stand_at_stop()
      vim.cmd("GeelarkDelete! ++stop " .. ids[1])
      wait(function() return stops() > 0 end)
      vim.cmd "qall!"]]))
    directory:remove()
    assert.matches("geelark: 0 deleted, 1 failed; 1 was stopped\n", run.errors, 1, true)
  end)
end)
