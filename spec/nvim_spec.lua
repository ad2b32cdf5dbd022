-- The driver for Neovim and its commands, in the real editor: headless, and on a screen.

local nvim = require "spec.support.nvim"
local simulator = require "geelark.simulator"
local support = require "spec.support.simulator"

local LATE = "return function() return { delay = 0.1 } end"

-- Stands before every script.
local PRELUDE = [[
local driver = require "geelark.nvim"
local leaving = require "geelark.nvim.leaving"
local ids = require("geelark.simulator.phones").ids(%d)

-- What the command said, a line each.
local said = {}
vim.notify = function(text) said[#said + 1] = text end

local function edit(lines) vim.api.nvim_buf_set_lines(0, 0, -1, false, lines) end
local function finish()
  assert(vim.wait(20000, require("geelark.nvim.command").idle, 5), "no end")
end
local function command(text)
  vim.cmd(text)
  finish()
end
local function account(result, err)
  result = result or err.result
  return ("%%d deleted, %%d failed, %%d unknown, %%d pending%%s"):format(result.successAmount,
    result.failAmount, #result.unknownIds, #result.pendingIds, err and ", " .. err.kind or "")
end
local function quickfix()
  for _, item in ipairs(vim.fn.getqflist()) do
    print(item.lnum, item.type, item.valid, item.text)
  end
end
]]

describe("in Neovim", function()
  local sim

  local function start(options)
    sim = support.start(options)
    return "GEELARK_TOKEN=simulator GEELARK_BASE_URL=" .. sim.url
  end

  after_each(function()
    if sim then sim:stop() end
    sim = nil
  end)

  -- Runs a script and returns what it printed.
  local function output(source, environment, options)
    options = options or {}
    options.environment = environment
    local done, directory = nvim.run((options.before or "")
      .. PRELUDE:format(options.phones or 250) .. source, options)
    directory:remove()
    assert.equal("", done.errors)
    assert.equal(0, done.status)
    return (done.output:gsub("%s+$", ""))
  end

  describe("the driver", function()
    it("has a first name that goes on working", function()
      assert.equal("true", output [[print(require "geelark.loop.nvim" == driver)]])
    end)

    it("raises for wrong arguments in the caller's line, and sends nothing", function()
      local environment = start { phones = 1 }
      local printed = output([[
        local function try(...) print((select(2, pcall(driver.delete, ...)))) end
        try({ "" }, nil, print)
        try({ "1" }, { tokn = "x" }, print)
        try({ "1" }, { on_progress = 1 }, print)
        try({ "1" }, 1, print)
        try({ "1" })
        print((select(2, pcall(function() driver.delete({ "" }, nil, print) end))))
        print(leaving.none())]], environment)
      assert.matches("^bad argument to 'delete' %(ids%[1%]: empty string%)\n"
        .. "bad argument to 'delete' %(tokn: unknown option, did you mean token%?%)\n"
        .. "bad argument to 'delete' %(on_progress: function expected, got 1%)\n"
        .. "bad argument to 'delete' %(table expected, got number%)\n"
        .. "bad argument to 'delete' %(callback: function expected, got nil%)\n"
        .. "script.lua:%d+: bad argument to 'delete' %(ids%[1%]: empty string%)\ntrue$", printed)
      assert.equal(0, #sim:state().requests)
    end)

    it("gives nil and err where there is one", function()
      assert.equal("0 deleted, 0 failed, 0 unknown, 2 pending, config",
        output [[driver.delete({ "1", "2" }, nil, function(...) print(account(...)) end)]])
    end)

    it("calls every callback from the main loop, in order", function()
      assert.equal("send 100\nsettle 100\nprogress 99 1\nsend 20\nsettle 20\nprogress 119 1\n"
        .. "119 deleted, 1 failed, 0 unknown, 0 pending", output([[
        local function say(...)
          assert(not vim.in_fast_event())
          vim.fn.getpid() -- not allowed elsewhere
          print(table.concat({ ... }, " "))
        end
        driver.delete(ids, {
          concurrency = 1,
          on_event = function(event) say(event.type, #event.ids) end,
          on_progress = function(p) say("progress", p.successAmount, p.failAmount) end,
        }, function(...) say(account(...)) end)]],
        start { phones = 120, states = { started = 1 } }, { phones = 120 }))
    end)

    for name, deleted in pairs { on_progress = 100, on_event = 0 } do
      it("an error in " .. name .. " loses nothing, and nothing more is sent", function()
        local printed = output(([[
          local calls = 0
          driver.delete(ids, { concurrency = 1, %s = function() calls = calls + 1 error "no" end },
            function(result, err)
              assert(result == nil and err.result.totalAmount == 1000)
              print(err.kind, calls, tostring(err) == err.message, err.message)
              print(account(nil, err))
            end)]]):format(name), start { phones = 1000 }, { phones = 1000 })
        assert.matches("^callback\t1\ttrue\tcallback: " .. name
          .. ": .*script.lua:%d+: no ", printed)
        assert.matches(("\n%d deleted, 0 failed, 0 unknown, %d pending, callback$"):format(deleted,
          1000 - deleted), printed)
        assert.equal(deleted / 100, #sim:state().requests)
      end)
    end

    it("an error in the last on_progress is told, with the whole account", function()
      assert.equal("callback\n250 deleted, 0 failed, 0 unknown, 0 pending, callback", output([[
        driver.delete(ids, { on_progress = function(p)
          if p.pendingAmount + p.inFlight == 0 then error "no" end
        end }, function(result, err) print(err.kind) print(account(result, err)) end)]],
        start { phones = 250 }))
    end)

    it("cancels", function()
      assert.equal("100 deleted, 0 failed, 0 unknown, 150 pending, cancelled", output([[
        local job
        job = driver.delete(ids, { concurrency = 1, on_event = function(event)
          if event.type == "settle" then job:cancel() end
        end }, function(...) print(account(...)) end)]],
        start { phones = 250, plan = LATE }))
    end)

    it("may be called from a callback of vim.loop", function()
      assert.equal("250 deleted, 0 failed, 0 unknown, 0 pending", output([[
        local over
        local timer = vim.loop.new_timer()
        timer:start(0, 0, function()
          assert(vim.in_fast_event())
          driver.delete(ids, {}, function(...) print(account(...)) over = true end)
        end)
        assert(vim.wait(20000, function() return over end, 5))]], start { phones = 250 }))
    end)

    it("needs no vim.loop where there is vim.uv, as in newer Neovims", function()
      assert.equal("geelark: 250 deleted", output([[
        edit(ids)
        command "%GeelarkDelete!"
        print(said[1])]], start { phones = 250 },
        { before = "vim.uv, vim.loop = vim.loop, nil\n" }))
    end)

    it("goes on while the main loop is at something else; the last callback comes after", function()
      assert.equal("250\nnone yet\n250 deleted, 0 failed, 0 unknown, 0 pending", output([[
        local called
        local job = driver.delete(ids, {}, function(...) called = true print(account(...)) end)
        vim.wait(20000, function() return job:progress().successAmount == 250 end, 5, true)
        print(job:progress().successAmount)
        print(called and "called" or "none yet")]], start { phones = 250 }))
    end)

    it("sends nothing that on_event hasn't been told of", function()
      assert.equal("0\tnone yet\n250 deleted, 0 failed, 0 unknown, 0 pending", output([[
        local told
        local job = driver.delete(ids, { on_event = function() told = true end },
          function(...) print(account(...)) end)
        local wakes = 0
        local timer = vim.loop.new_timer()
        timer:start(5, 5, function() wakes = wakes + 1 end)
        vim.wait(20000, function() return wakes == 20 end, 5, true)
        timer:close()
        print(job:progress().inFlight, told and "told" or "none yet")]], start { phones = 250 }))
    end)
  end)

  describe("the commands", function()
    it("are there after one line of init.lua, which doesn't load the core", function()
      assert.equal("2\t2\tnil", output [[print(vim.fn.exists ":GeelarkDelete",
        vim.fn.exists ":GeelarkCancel", package.loaded["geelark.core"])]])
    end)

    it("delete the ids of the lines: blanks, commas, quotes around, empty lines between", function()
      local printed = output([[
        edit { ids[1], "  " .. ids[2] .. "\r", "", ids[3] .. ",", '"' .. ids[4] .. '",',
          " , '" .. ids[5] .. "' ", "   ", "123456ABCDEF", "not this one" }
        command "1,8GeelarkDelete!"
        print(said[1])
        quickfix()]], start { phones = 10 })
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
      [("7"):rep(129)] = ("7"):rep(40) .. "…",
      [("x"):rep(50) .. "-1"] = ("x"):rep(40) .. "…",
    } do
      it("refuse a line that holds " .. shown, function()
        local environment = start { phones = 10 }
        local why = "geelark: line 2 holds no single id: " .. shown .. "; nothing was deleted"
        assert.equal(why, output(([[
          edit { ids[1], %q, ids[2] }
          vim.cmd "%%GeelarkDelete!"
          print(table.concat(said, "\n"))]]):format(line), environment))
        assert.equal(0, #sim:state().requests)
      end)
    end

    for call, why in pairs {
      ["GeelarkDelete!"] = "give a range, as in :%GeelarkDelete, or ids",
      ["1GeelarkDelete! 1"] = "both a range and ids are given",
      ["2GeelarkDelete!"] = "the lines hold no id",
      ["GeelarkDelete! 1 | echo 2"] = "argument 2 holds no single id: | (and 1 more)",
      ['GeelarkDelete! 1 "2'] = 'argument 2 holds no single id: "2',
      ["1GeelarkDelete!"] = "config: no credentials: set the option token (GEELARK_TOKEN), "
        .. "or app_id and api_key (GEELARK_APP_ID, GEELARK_API_KEY)",
    } do
      it("refuse " .. call .. ": " .. why, function()
        assert.equal("geelark: " .. why .. "; nothing was deleted", output(([[
          edit { "1", "" }
          vim.cmd %q
          assert(leaving.none())
          print(table.concat(said, "\n"))]]):format(call)))
      end)
    end

    it("refuse wrong options of setup when they are used", function()
      assert.equal("geelark: setup: tokn: unknown option, did you mean token?"
        .. "; nothing was deleted\nfalse", output [[
        driver.setup { tokn = "x" }
        vim.cmd "GeelarkDelete! 1"
        print(said[1])
        print((pcall(driver.setup, 1)))]])
    end)

    it("ask nobody and send nothing in a dry run", function()
      local environment = start { phones = 10 }
      assert.equal("geelark: dry run, nothing was sent\n0", output([[
        driver.setup { dry_run = true }
        command("GeelarkDelete! " .. ids[1])
        print(said[1])
        print(#vim.fn.getqflist())]], environment))
      assert.equal(0, #sim:state().requests)
    end)

    it("tell failed, unknown and pending apart, each at its line", function()
      local phones = {}
      for i, id in ipairs(simulator.ids(4)) do phones[id] = i == 1 and "started" or "stopped" end
      local printed = output([[
        driver.setup { chunk_size = 1, concurrency = 1, attempts = 1 }
        edit { "", ids[1], ids[2], ids[3], ids[4] }
        command "%GeelarkDelete!"
        print(said[1])
        quickfix()
        print(vim.fn.getqflist({ title = 1 }).title)]],
        start { phones = phones, plan = { false, { close = "after" }, { refuse = 40014 } } })
      assert.matches("^geelark: stopped %(network%): 0 deleted, 1 failed, 1 unknown, 2 pending, "
        .. "see :copen\n0\tE\t0\tnetwork: [^\n]*\n"
        .. "2\tE\t1\t%d+ failed: env is started %(43009 started; stop it, then delete%)\n"
        .. "3\tW\t1\t%d+ unknown: [^\n]*\n"
        .. "4\tI\t1\t%d+ pending: not processed\n5\tI\t1\t%d+ pending: not processed\n"
        .. "geelark: stopped %(network%): 0 deleted, 1 failed, 1 unknown, 2 pending$", printed)
    end)

    it("say nothing in the quickfix list where all went well", function()
      assert.equal("geelark: 250 deleted\nmine", output([[
        edit(ids)
        vim.fn.setqflist({}, " ", { title = "mine" })
        command "%GeelarkDelete!"
        print(said[1])
        print(vim.fn.getqflist({ title = 1 }).title)]], start { phones = 250 }))
    end)

    it("point to the first of several lines with an id, which is asked for once", function()
      local environment = start { phones = 1, states = { started = 1 } }
      assert.matches("^1\tE\t1\t[^\n]*$", output([[
        edit { ids[1], "'" .. ids[1] .. "'", ids[1] }
        command "%GeelarkDelete!"
        quickfix()]], environment))
      assert.same({ 1, 1 }, { #sim:state().requests, #sim:state().requests[1].ids })
    end)

    it("point to the right lines of a buffer that was edited meanwhile", function()
      assert.equal("0\tgone\n1\tB\n3\tA # kept\n4\tC", output([=[
        local names = { [ids[1]] = "A", [ids[2]] = "gone", [ids[3]] = "C", [ids[4]] = "B" }
        edit { ids[1], ids[2], ids[3], ids[4] }
        vim.cmd "%GeelarkDelete!"
        vim.cmd "4move 0"                     -- B A gone C
        vim.cmd "call append(0, '')"
        vim.cmd "4delete"                     -- _ B A C
        vim.cmd "3substitute/$/ # kept/"
        vim.cmd "call append(2, '')"          -- _ B _ A C
        vim.cmd "1delete"
        local buffer = vim.api.nvim_get_current_buf()
        vim.cmd "hide enew"
        finish()
        local seen = {}
        for i, item in ipairs(vim.fn.getqflist()) do
          local id = item.text:match "%d+"
          local line = item.lnum > 0 and vim.fn.getbufline(buffer, item.lnum)[1] or id
          seen[i] = item.lnum .. "\t" .. line:gsub(id, names[id])
        end
        table.sort(seen)
        print(table.concat(seen, "\n"))]=],
        start { phones = 4, states = { started = 4 }, plan = LATE }))
    end)

    it("list ids that were given as arguments without a line", function()
      assert.matches("^0\tE\t0\t528086321789535232 failed", output([[
        edit { ids[1] }
        command("GeelarkDelete! " .. ids[1] .. ", " .. ids[2])
        quickfix()]], start { phones = 2, states = { started = 2 } }))
    end)

    it("keep a message's control characters off the screen", function()
      assert.matches("failed: a b %[31m %(", output([[
        edit { ids[1] }
        command "%GeelarkDelete!"
        quickfix()]], start { phones = 1, plan = { { status = 200, body =
          '{"code":40009,"msg":"m","data":{"totalAmount":1,"successAmount":0,"failAmount":1,'
          .. '"failDetails":[{"code":43009,"id":"528086321789535232","msg":"a\\nb\\u001b[31m"}]}}'
          } } }))
    end)

    it("are stopped by :GeelarkCancel; the rest is pending", function()
      local environment = start { phones = 1000, plan = LATE }
      assert.matches("^geelark: no delete is under way\n"
        .. "geelark: cancelled: 200 deleted, 800 pending, see :copen\n201\tI\t1\t", output([[
        vim.cmd "GeelarkCancel"
        edit(ids)
        vim.cmd "%GeelarkDelete!"
        vim.wait(50)
        command "GeelarkCancel"
        print(table.concat(said, "\n"))
        quickfix()]], environment, { phones = 1000 }))
      assert.equal(2, #sim:state().requests)
    end)

    it("delete nothing where there is no screen to ask on", function()
      local environment = start { phones = 1 }
      assert.equal("geelark: there is no screen to ask on (:GeelarkDelete! doesn't ask)"
        .. "; nothing was deleted", output([[
        command("GeelarkDelete " .. ids[1])
        print(said[1])]], environment))
      assert.equal(0, #sim:state().requests)
    end)

    it("delete one list at a time", function()
      assert.equal("geelark: already deleting (:GeelarkCancel stops it)\n"
        .. "geelark: 1 deleted\ngeelark: 1 deleted", output([[
        vim.cmd("GeelarkDelete! " .. ids[1])
        vim.cmd("GeelarkDelete! " .. ids[2])
        finish()
        command("GeelarkDelete! " .. ids[2])
        print(table.concat(said, "\n"))]], start { phones = 2 }))
    end)

    it("keep one quota over several calls", function()
      local environment = start { phones = 3 }
      assert.equal("geelark: 1 deleted\ngeelark: cancelled: 0 deleted, 1 pending, see :copen",
        output([[
        driver.setup { requests_per_minute = 1 }
        command("GeelarkDelete! " .. ids[1])
        vim.cmd("GeelarkDelete! " .. ids[2])
        vim.wait(100)
        command "GeelarkCancel"
        print(table.concat(said, "\n"))]], environment))
      assert.equal(1, #sim:state().requests)
    end)

    it("take other credentials of the environment from then on", function()
      assert.equal("geelark: 1 deleted\ngeelark: stopped (auth): 0 deleted, 1 pending, see :copen",
        output([[
        command("GeelarkDelete! " .. ids[1])
        vim.env.GEELARK_TOKEN = "another"
        command("GeelarkDelete! " .. ids[2])
        print(table.concat(said, "\n"))]], start { phones = 2 }))
    end)
  end)

  describe("leaving it in the middle of a delete", function()
    local function leave(source, plan)
      local done, directory = nvim.run(PRELUDE:format(1000) .. [[
        edit(ids)
        vim.cmd "%GeelarkDelete!"
        vim.wait(100)
        ]] .. source .. "\nvim.cmd 'qall!'", { environment = start { phones = 1000, plan = plan } })
      local listed = {}
      for line in done.errors:gmatch "[^\r\n]+" do
        local path = line:match "listed in (.*)"
        for entry in path and io.lines(path) or function() end do
          local outcome = entry:match "^%d+\t(%l+)"
          if outcome then listed[outcome] = (listed[outcome] or 0) + 1 end
        end
      end
      directory:remove()
      return listed, done.errors
    end

    it("waits for what is in flight, sends nothing more, and lists the rest in a file", function()
      local listed, errors = leave("", "return function() return { delay = 0.3 } end")
      assert.matches("geelark: cancelled: 200 deleted, 800 pending", errors)
      assert.same({ pending = 800 }, listed)
      assert.equal(2, #sim:state().requests)
    end)

    it("doesn't wait for ever: what is in flight then is unknown", function()
      local listed, errors = leave("leaving.patience = 50",
        "return function() return { delay = 5 } end")
      assert.matches("geelark: cancelled: 0 deleted, 200 unknown, 800 pending", errors)
      assert.same({ unknown = 200, pending = 800 }, listed)
    end)

    it("shows the rest where it can't be written to a file", function()
      local _, errors = leave("vim.fn.delete('data', 'rf') io.open('data', 'w'):close()",
        "return function() return { delay = 0.3 } end")
      assert.matches("They can't be written to a file", errors, 1, true)
      assert.equal(800, select(2, errors:gsub("%d+ pending: not processed", "")))
    end)

    it("gives each script's callback its account, whatever another one raises", function()
      local done, directory = nvim.run(PRELUDE:format(3) .. [[
        leaving.patience = 50
        for i = 1, 3 do
          driver.delete({ ids[i] }, nil, function(...) print(i, account(...)) error "no" end)
        end
        vim.wait(100)
        vim.cmd "qall!"]], { environment = start { phones = 3,
          plan = "return function() return { delay = 5 } end" } })
      directory:remove()
      for i = 1, 3 do
        assert.matches(i .. "\t0 deleted, 0 failed, 1 unknown, 0 pending, cancelled\n", done.output)
      end
      assert.equal(3, select(2, done.errors:gsub("script.lua:%d+: no", "")))
    end)

    it("gives a script's callback its account before the end", function()
      local done, directory = nvim.run(PRELUDE:format(250) .. [[
        driver.delete(ids, { concurrency = 1 }, function(...) print(account(...)) end)
        vim.wait(50)
        vim.cmd "qall!"]], { environment = start { phones = 250, plan = LATE } })
      directory:remove()
      assert.equal("100 deleted, 0 failed, 0 unknown, 150 pending, cancelled\n", done.output)
    end)
  end)

  describe(":checkhealth geelark", function()
    -- Prints what our check says, a level and a text each, and sees that the editor's page shows it:
    -- how it words the levels differs from version to version.
    local REPORT = [[
      local health = vim.health or require "health"
      local texts = {}
      for _, level in ipairs { "start", "ok", "info", "warn", "error" } do
        local name = health[level] and level or "report_" .. level
        local show = health[name]
        health[name] = function(text, advice)
          print(level, text, type(advice) == "table" and advice[1] or advice)
          texts[#texts + 1] = text
          show(text, advice)
        end
      end
      vim.cmd "silent checkhealth geelark"
      local page = table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), "\n")
      for line in table.concat(texts, "\n"):gmatch "%S[^\n]*" do
        assert(page:find(line, 1, true), line .. " is not shown:\n" .. page)
      end]]

    it("finds nothing missing, and never shows a credential", function()
      local setup = [[driver.setup { app_id = "visible1", api_key = "visible2" }]]
      local report = output(setup .. REPORT .. " print(page)", "GEELARK_TOKEN=visible3")
      for _, part in ipairs { "^start\tgeelark\t", "\nok\tNeovim %d",
        "\nok\tthe core module is loaded\t", "\ninfo\tlibcurl/%d",
        "\nok\tcredentials: the option app_id, the option api_key\t",
        "\ninfo\tbase URL: the service's own\t" } do
        assert.matches(part, report)
      end
      assert.is_nil(report:find "\nerror" or report:find "\nwarn" or report:find "visible")
    end)

    it("says where the token comes from, and the address", function()
      local report = output(REPORT .. " print(page)",
        "GEELARK_TOKEN=visible GEELARK_BASE_URL=http://127.0.0.1:1")
      assert.matches("\nok\tcredentials: GEELARK_TOKEN\t", report)
      assert.matches("\ninfo\tbase URL: http://127.0.0.1:1\t", report, 1, true)
      assert.is_nil(report:find "visible")
    end)

    it("says which credentials are missing", function()
      assert.matches("\nerror\tconfig: no credentials: set the option token", output(REPORT))
    end)

    it("speaks to newer Neovims by their names", function()
      assert.matches("^start\tgeelark\nok\tNeovim .*\nok\tcredentials: GEELARK_TOKEN\ninfo\tbase",
        output([[
        vim.health = {}
        for _, name in ipairs { "start", "ok", "info", "warn", "error" } do
          vim.health[name] = function(text) print(name, text) end
        end
        package.preload.health = error
        require("geelark.health").check()]], "GEELARK_TOKEN=t"))
    end)

    it("says how to build the core that is missing", function()
      local report = output([[package.cpath = ""]] .. REPORT)
      assert.matches("\nerror\tthe core module can't be loaded: ", report)
      assert.matches("make install LUA=luajit LUA_DIR=", report, 1, true)
    end)

    it("names the lists that were left behind", function()
      assert.matches("\nwarn\tNeovim was left in the middle of a delete: [^\n]*geelark%-",
        output([[
        local path = require("geelark.nvim.record").write {
          summary = "s", left = { { id = "1", outcome = "pending" } } }
        assert(io.open(path):read "*a" == "s\n1\tpending: not processed\n")]] .. REPORT))
    end)
  end)

  describe("on a screen", function()
    local terminal
    after_each(function() if terminal then terminal:stop() end end)

    local function open(options, count)
      local environment = start(options)
      terminal = nvim.open(table.concat(simulator.ids(count), "\n") .. "\n", environment)
      terminal:shows "ids.txt"
    end

    it("it asks first and says how many; Enter alone deletes nothing", function()
      open({ phones = 30 }, 30)
      terminal:keys(":2,30GeelarkDelete", "Enter")
      terminal:shows "Delete 29 cloud phones? This can't be undone."
      terminal:keys "Enter"
      terminal:shows "geelark: nothing was deleted"
      terminal:keys(":1GeelarkDelete", "Enter")
      terminal:shows "Delete the cloud phone 528086321789535232? This can't be undone."
      terminal:keys "Escape"
      terminal:shows "geelark: nothing was deleted"
      assert.equal(0, #sim:state().requests)
      terminal:keys(":$GeelarkDelete", "Enter")
      terminal:shows "Delete the cloud phone"
      terminal:keys "d"
      terminal:shows "geelark: 1 deleted"
      assert.equal(1, #sim:state().requests)
    end)

    it("progress stands in the corner while one goes on typing, and goes away", function()
      open({ phones = 1000, states = { started = 4 },
        plan = "return function() return { delay = 0.5 } end" }, 1000)
      terminal:keys(":%GeelarkDelete!", "Enter")
      terminal:shows "│ :GeelarkCancel stops it"
      terminal:keys("O", "typed")
      local screen = terminal:shows " 20 %"
      assert.matches("^typed\n", screen)
      assert.matches("Deleting 1,000 cloud phones", screen, 1, true)
      assert.matches("deleted, %d failed", screen)
      assert.matches("-- INSERT --", screen, 1, true)
      terminal:keys "Escape"
      screen = terminal:shows "geelark: 996 deleted, 4 failed, see :copen"
      assert.is_nil(screen:find "GeelarkCancel")
      terminal:keys(":cfirst", "Enter")
      terminal:shows "(1 of 4) error: "
    end)

    it("progress says that it waits for the last answers after a cancel", function()
      open({ phones = 1000, plan = "return function() return { delay = 1 } end" }, 1000)
      terminal:keys(":%GeelarkDelete!", "Enter")
      terminal:shows "│ :GeelarkCancel stops it"
      terminal:keys(":GeelarkCancel", "Enter")
      terminal:shows "stopping, waiting for 2 answers"
      terminal:shows "geelark: cancelled: 200 deleted, 800 pending, see :copen"
    end)

    it("progress says how long the quota makes it wait", function()
      open({ phones = 1000 }, 1000)
      terminal:keys(":lua require('geelark.nvim').setup { requests_per_minute = 1 }", "Enter")
      terminal:keys(":%GeelarkDelete!", "Enter")
      local screen = terminal:shows "s for the quota"
      assert.matches("waiting [56]%d s for the quota", screen)
      terminal:keys(":GeelarkCancel", "Enter")
      terminal:shows "geelark: cancelled: 100 deleted, 900 pending, see :copen"
    end)

    it("leaving it says what is left and where that stands; Ctrl-C ends the wait", function()
      open({ phones = 1000, plan = "return function() return { delay = 60 } end" }, 1000)
      terminal:keys(":%GeelarkDelete!", "Enter")
      terminal:shows "│ :GeelarkCancel stops it"
      terminal:keys(":quit!", "Enter")
      terminal:shows "geelark: waiting for the last answers (Ctrl-C ends it)"
      terminal:keys "C-c"
      local screen = terminal:shows "The ids are listed in"
      assert.matches("cancelled: 0 deleted, 200 unknown, 800 pending", screen, 1, true)
    end)
  end)

  -- Time in which the editor could have run, but other programs had the processors, isn't the
  -- editor's, and is taken off where the kernel tells it. The best of three tries counts, for
  -- what noise is left: the editor's own delays would be there each time.
  local TIMER = [[
    require "geelark"
    driver.setup { requests_per_minute = false, requests_per_hour = false }
    local function queued()
      local file = io.open "/proc/self/schedstat"
      local nanoseconds = file and file:read("*l"):match "%d+ (%d+)" or 0
      if file then file:close() end
      return tonumber(nanoseconds)
    end
    local function measure(body)
      local late, own, at, before = 0, 0, vim.loop.hrtime(), queued()
      local timer = vim.fn.timer_start(10, function()
        local now, after = vim.loop.hrtime(), queued()
        late, own = math.max(late, now - at), math.max(own, now - at - (after - before))
        at, before = now, after
      end, { ["repeat"] = -1 })
      body()
      vim.wait(30)
      vim.fn.timer_stop(timer)
      print(("%.1f %.1f"):format(late / 1e6 - 10, own / 1e6 - 10))
    end
    for try = 0, 2 do
      edit(vim.list_slice(ids, 10000 * try + 1, 10000 * (try + 1)))
      measure(function() vim.wait(300) end)
      measure(function() command "%GeelarkDelete!" end)
      print(said[try + 1])
    end]]

  for case, failing in pairs { ["50 of them fail"] = 50, ["all of them fail"] = 10000 } do
    it("a timer of 10 ms is never late by more than 20 ms while 10,000 are deleted, "
      .. case, function()
      local printed = output(TIMER, start { phones = 30000, states = { started = 3 * failing },
        requests_per_minute = 1e6, requests_per_hour = 1e6 }, { phones = 30000 })
      local tries, best = 0, math.huge
      for own, deleted, failed in printed:gmatch(
        "(%S+)\ngeelark: (%d+) deleted, (%d+) failed, see :copen") do
        assert.equal(10000, deleted + failed)
        tries, best = tries + 1, math.min(best, tonumber(own))
      end
      assert.equal(3, tries)
      assert.is_true(best <= 20, "at most so many ms late, and without what other programs took, "
        .. "an idle editor and one that deletes:\n" .. printed)
    end)
  end

  it("everything is found where make install puts it for Neovim", function()
    local done, directory = nvim.run([[
      assert(not package.path:find "geelark" and not package.cpath:find "geelark")
      require "geelark.nvim"
      local health = vim.health or require "health"
      health[health.ok and "ok" or "report_ok"] = function(text) print("ok", text) end
      health[health.error and "error" or "report_error"] = function(text) print("error", text) end
      vim.cmd "silent checkhealth geelark"]],
      { install = true, environment = "GEELARK_TOKEN=t" })
    directory:remove()
    assert.equal("", done.errors)
    assert.matches("\nok\tthe core module is loaded\n", done.output)
    assert.is_nil(done.output:find "error")
  end)
end)
