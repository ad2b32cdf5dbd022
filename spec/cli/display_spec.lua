-- The command's progress: one line that is drawn anew on a terminal, plain lines elsewhere.

local cli = require "spec.support.cli"
local display = require "geelark.cli.display"
local shell = require "spec.support.shell"
local simulator = require "geelark.simulator"

local function paint(_, text) return text end

-- A job's progress, where most is zero.
local function progress(fields)
  local now = { totalAmount = 2500, successAmount = 1196, failAmount = 4, unknownAmount = 0,
    pendingAmount = 1300, stoppingAmount = 0, inFlight = 2, seconds = 4, waiting = 0 }
  for name, value in pairs(fields) do now[name] = value end
  return now
end

local WAITING = { waiting = 11.2, inFlight = 0, reason = "the minute's limit" }
local STOPPING = { pendingAmount = 3, stoppingAmount = 3, inFlight = 1 }

describe("the progress line", function()
  local function line(columns, fields, more)
    local style = { columns = columns, before = 0, blocks = false, paint = paint }
    for name, value in pairs(more or {}) do style[name] = value end
    return display.line(progress(fields or {}), style)
  end

  local cases = {
    { "has a bar, what became of how many, the rate and the time left", 70, {},
      "##########...........  48 %  1,196 deleted, 4 failed  300/s, 5 s left" },
    { "leaves the rate out where there is no room", 40, {},
      "###....  48 %  1,196 deleted, 4 failed" },
    { "leaves the bar out where there is less", 34, {}, "48 %  1,196 deleted, 4 failed" },
    { "says what it waits for in place of the rate", 77, WAITING,
      "########..........  48 %  1,196 deleted, 4 failed  waiting 12 s: the minute's limit" },
    { "says what it waits for in place of all else on a narrow terminal", 40, WAITING,
      "48 %  waiting 12 s: the minute's limit" },
    { "says it whole where the share has no room beside it", 37, WAITING,
      "waiting 12 s: the minute's limit" },
    { "says that phones have to stop", 70, STOPPING,
      "######  99 %  1,196 deleted, 4 failed  waiting for 3 phones to stop" },
    { "names unknown ids", 60, { unknownAmount = 100, pendingAmount = 1200, seconds = 0.5 },
      "########.......  52 %  1,196 deleted, 4 failed, 100 unknown" },
    { "tells minutes and hours", 70, { seconds = 240, pendingAmount = 1300 },
      "#######.......  48 %  1,196 deleted, 4 failed  5.0/s, 5 min left" },
    { "knows a list of nothing", 40, { totalAmount = 0, successAmount = 0, failAmount = 0,
      pendingAmount = 0 }, "#################### 100 %  0 deleted" },
  }
  for _, case in ipairs(cases) do
    it(case[1], function()
      assert.equal(case[4]:sub(1, 1) == "#" and case[4]:gsub("^[#.]+", "") or case[4],
        (line(case[2], case[3]):gsub("^[#.]+", "")))
      assert.is_true(#line(case[2], case[3]) <= case[2])
    end)
  end

  it("says that it is being stopped", function()
    assert.matches("cancelled, waiting for 2 answers$", line(77, {}, { cancelled = true }))
    assert.matches("cancelled$", line(77, { inFlight = 0 }, { cancelled = true }))
  end)

  it("leaves ids that a run before has settled out of the rate", function()
    assert.matches("50/s, 26 s left$", line(77, {}, { before = 1000 }))
  end)

  it("fits any terminal", function()
    for columns = 20, 120 do
      for _, fields in ipairs { {}, WAITING, STOPPING } do
        assert.is_true(#line(columns, fields) <= columns)
      end
    end
  end)
end)

describe("the progress without a terminal", function()
  it("is a plain line", function()
    assert.equal("geelark: 48 % of 2,500: 1,196 deleted, 4 failed; 300/s, 5 s left",
      display.text(progress {}, 0))
    assert.equal("geelark: 48 % of 2,500: 1,196 deleted, 4 failed; waiting 12 s: the minute's "
      .. "limit", display.text(progress(WAITING), 0))
  end)
end)

describe("the command on a terminal", function()
  local service
  setup(function()
    service = simulator.spawn { phones = 600, states = { started = 30 },
      plan = "return function() return { delay = 0.15 } end" }
  end)
  teardown(function() service:stop() end)

  -- What stood on the line, one state after the other; and what stands below it.
  local function run(columns, environment)
    local text = cli.on_terminal("delete --yes --from -", { service = service, columns = columns,
      environment = environment, from = ("printf '%%s\\n' %s |")
        :format(table.concat(service:ids(), " ")) })
    local drawn, rest = text:match "^(.*)\r\27%[K(.*)$"
    return drawn, rest
  end

  it("draws one line anew, in colour, and takes it away", function()
    local drawn, rest = run(80, "NO_COLOR=")
    assert.is_nil(drawn:find "\n")
    assert.matches("\27[32m█", drawn, 1, true)
    assert.matches("\r\27%[%?7l[^\r]*  0 %%  0 deleted\27%[K\27%[%?7h", drawn)
    assert.matches("^id  +code ", rest)
    assert.matches("\ngeelark: 570 deleted, 30 failed\n  30 \27[31mstarted\27[0m (43009): stop it",
      rest, 1, true)
  end)

  it("shows twenty of what was not deleted, and says how many more there are", function()
    local _, rest = run(80, "NO_COLOR=1")
    assert.equal(20, select(2, rest:gsub("\n%d+  4%d+ ", "")))
    assert.matches("\nand 580 more; --format csv lists all\n", rest, 1, true)
  end)

  it("fits 40 columns, without colours where they aren't wanted", function()
    local drawn, rest = run(40, "NO_COLOR=1")
    assert.is_nil(drawn:find "\27%[%d+m")
    for line in rest:gmatch "[^\n]+" do assert.is_true(#line <= 40, line) end
    for state in drawn:gsub("\27%[%??%d*%a", ""):gmatch "[^\r]+" do
      assert.is_true(#state:gsub("\226\150[\136\145]", "#") <= 40, state)
    end
  end)
end)

describe("the bar's letters", function()
  -- An empty variable counts as none, as everywhere.
  for variables, is_more in pairs {
    ["LC_ALL= LC_CTYPE= LANG=C.UTF-8"] = true, ["LC_ALL=C LC_CTYPE= LANG=C.UTF-8"] = false,
    ["LC_ALL=en_US.utf8 LC_CTYPE= LANG=C"] = true, ["LC_ALL= LC_CTYPE= LANG="] = false,
  } do
    it(("are %sASCII under %s"):format(is_more and "more than " or "", variables), function()
      assert.equal(tostring(is_more), shell.run("env " .. variables .. " sh -c %s",
        shell.run_lua "print(require('geelark.cli.terminal').draws_blocks())"))
    end)
  end
end)
