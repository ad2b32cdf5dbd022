-- What :GeelarkDelete leaves in the quickfix list: each id that was not deleted, at its line.

local nvim = require "spec.support.nvim"
local simulated_ids = require("geelark.simulator").ids
local simulator = require "spec.support.simulator"

describe("the quickfix list", function()
  local sim
  after_each(function()
    if sim then sim:stop() end
    sim = nil
  end)

  it("tells failed, unknown and pending apart, each at its line", function()
    local phones = {}
    for i, id in ipairs(simulated_ids(4)) do phones[id] = i == 1 and "started" or "stopped" end
    sim = simulator.start { phones = phones,
      plan = { false, { close = "after" }, { refuse = 40014 } } }
    local printed = nvim.output([[
      driver.setup { chunk_size = 1, concurrency = 1, attempts = 1 }
      edit { "", ids[1], ids[2], ids[3], ids[4] }
      command "%GeelarkDelete!"
      print(said[1])
      quickfix()
      print(vim.fn.getqflist({ title = 1 }).title)]], { sim = sim })
    assert.matches("^geelark: ended %(network%): 0 deleted, 1 failed, 1 unknown, 2 pending, "
      .. "see :copen\n0\tE\t0\tnetwork: [^\n]*\n"
      .. "2\tE\t1\t%d+ failed: env is started %(43009 started; "
      .. "stop it, then delete, as %+%+stop does%)\n"
      .. "3\tW\t1\t%d+ unknown: [^\n]*\n"
      .. "4\tI\t1\t%d+ pending: not processed\n5\tI\t1\t%d+ pending: not processed\n"
      .. "geelark: ended %(network%): 0 deleted, 1 failed, 1 unknown, 2 pending$", printed)
  end)

  it("stays the user's own where all went well", function()
    sim = simulator.start { phones = 250 }
    assert.equal("geelark: 250 deleted\nmine", nvim.output([[
      edit(ids)
      vim.fn.setqflist({}, " ", { title = "mine" })
      command "%GeelarkDelete!"
      print(said[1])
      print(vim.fn.getqflist({ title = 1 }).title)]], { sim = sim }))
  end)

  it("points to the first of several lines with an id, which is asked for once", function()
    sim = simulator.start { phones = 1, states = { started = 1 } }
    assert.matches("^1\tE\t1\t[^\n]*$", nvim.output([[
      edit { ids[1], "'" .. ids[1] .. "'", ids[1] }
      command "%GeelarkDelete!"
      quickfix()]], { sim = sim }))
    assert.same({ 1, 1 }, { #sim:state().requests, #sim:state().requests[1].ids })
  end)

  it("finds ids with - and _ in their lines, and no other that only begins alike", function()
    assert.equal("2\ta-1\n1\ta-1-2\n0\ta_1", nvim.output [=[
      edit { "a-1-2", "a-1", "a_1" }
      local ids = require("geelark.nvim.ids").from_lines(0, 1, 3)
      local places = require("geelark.nvim.places").mark(ids, 0)
      edit { "a-1-2", "a-1", "a_1_" }
      for _, id in ipairs { "a-1", "a-1-2", "a_1" } do print(places:line(id) or 0, id) end
    ]=])
  end)

  it("points to the right lines of a buffer that was edited meanwhile", function()
    assert.equal("0\tgone\n1\tB\n3\tA # kept\n4\tC", nvim.output [=[
      local service = require "spec.support.nvim.service"
      local names = { [ids[1]] = "A", [ids[2]] = "gone", [ids[3]] = "C", [ids[4]] = "B" }
      edit { ids[1], ids[2], ids[3], ids[4] }
      vim.cmd "%GeelarkDelete!"
      wait(function() return #service.requests == 1 end)
      vim.cmd "4move 0"                     -- B A gone C
      vim.cmd "call append(0, '')"
      vim.cmd "4delete"                     -- _ B A C
      vim.cmd "3substitute/$/ # kept/"
      vim.cmd "call append(2, '')"          -- _ B _ A C
      vim.cmd "1delete"
      local buffer = vim.api.nvim_get_current_buf()
      vim.cmd "hide enew"
      service.answer(4)
      finish()
      local seen = {}
      for i, item in ipairs(vim.fn.getqflist()) do
        local id = item.text:match "%d+"
        local line = item.lnum > 0 and vim.fn.getbufline(buffer, item.lnum)[1] or id
        seen[i] = item.lnum .. "\t" .. line:gsub(id, names[id])
      end
      table.sort(seen)
      print(table.concat(seen, "\n"))]=])
  end)

  it("has ids that were given as arguments without a line", function()
    sim = simulator.start { phones = 2, states = { started = 2 } }
    assert.matches("^0\tE\t0\t528086321789535232 failed", nvim.output([[
      edit { ids[1] }
      command("GeelarkDelete! " .. ids[1] .. ", " .. ids[2])
      quickfix()]], { sim = sim }))
  end)

  it("keeps a message's control characters off the screen", function()
    sim = simulator.start { phones = 1, plan = { { status = 200, body =
      '{"code":40009,"msg":"m","data":{"totalAmount":1,"successAmount":0,"failAmount":1,'
      .. '"failDetails":[{"code":43009,"id":"528086321789535232",'
      .. '"msg":"a\\nb\\u001b[31m\\u009b1m"}]}}'
      } } }
    assert.matches("failed: a b %[31m 1m %(", nvim.output([[
      edit { ids[1] }
      command "%GeelarkDelete!"
      quickfix()]], { sim = sim }))
  end)
end)
