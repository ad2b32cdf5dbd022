-- The demo, as a file gets it and as terminals of two widths show it.

local shell = require "spec.support.shell"

local run_demo = shell.run_lua 'dofile "spec/demo.lua"'

-- What the demo writes to a terminal of so many columns; each state of a line that is drawn anew
-- ends with a carriage return.
local function on_terminal(columns, environment)
  local command = ("stty cols %d; export TERM=xterm LC_ALL=C.UTF-8 %s; %s")
    :format(columns, environment, run_demo)
  return shell.run("script -qec %s /dev/null </dev/null", command)
end

local function without_escapes(text)
  return (text:gsub("\27%[%d*%a", ""))
end

-- Columns that a line takes: those of Chinese letters are twice as wide.
local function width(line)
  local columns = 0
  for letter in line:gmatch "[^\128-\191][\128-\191]*" do
    columns = columns + (letter:find "^[\228-\233]" and 2 or 1)
  end
  return columns
end

-- Holds that the progress goes from nothing to all. Two lists may be answered at once.
local function assert_progress(text)
  local counts = {}
  for count in text:gmatch "(%d+) of 250" do
    count = tonumber(count)
    if counts[#counts] ~= count then counts[#counts + 1] = count end
  end
  assert.equal(0, counts[1])
  assert.equal(250, counts[#counts])
  assert.is_true(#counts >= 6 and #counts <= 11, #counts)
  for i = 2, #counts do assert.is_true(counts[i] > counts[i - 1]) end
end

describe("the demo", function()
  local plain, narrow, wide
  setup(function()
    shell.need("command -v script", "bsdutils")
    plain = shell.run("(" .. run_demo .. ")")
    narrow = on_terminal(40, "NO_COLOR=1")
    wide = on_terminal(80, "NO_COLOR=")
  end)

  it("accounts for every id, and the account adds up", function()
    local deleted, failed, unknown, pending, ids = plain:match(
      "(%d+)  deleted\n +(%d+)  failed\n +(%d+)  unknown\n +(%d+)  pending\n +%-+\n +(%d+)  ids\n")
    assert.equal("250", ids)
    assert.equal(250, deleted + failed + unknown + pending)
    assert.matches(deleted .. " phones were deleted, 7 are left: the account is true.", plain, 1,
      true)
  end)

  it("is done once, and not before", function()
    local done = plain:match "250 of 250.-\n\n"
    assert.equal("250 of 250  done\n\n", done)
  end)

  it("lists what is started, with what helps", function()
    local list = plain:match("  4 started %(43009%): stop it, then delete, as stop_started does\n"
      .. "(.-)\n  %d ")
    assert.equal(4, select(2, list:gsub("      %d+  env is started", "")))
  end)

  it("tells of the lost answer, and what became of its phones", function()
    assert.matches("answer lost\n", plain, 1, true)
    assert.matches("asks again\n", plain, 1, true)
    assert.matches("2%d are presumed deleted", plain)
  end)

  it("is plain text where there is no terminal, a line for each step", function()
    assert.is_nil(plain:find "[\27\r]")
    assert_progress(plain)
  end)

  it("moves one line on a terminal, and fits 40 columns in each of its states", function()
    for columns, text in pairs { [40] = narrow, [80] = wide } do
      assert_progress(text)
      assert.equal(1, select(2, text:gsub("[^\n]* of 250[^\n]*", "")))
      for line in without_escapes(text):gmatch "[^\r\n]+" do
        assert.is_true(width(line) <= columns, line)
      end
    end
  end)

  it("has colours on a terminal, and none with NO_COLOR", function()
    assert.matches("\27[32m█", wide, 1, true)
    assert.matches("\27[31mstarted\27[0m", wide, 1, true)
    assert.is_nil(narrow:find "\27%[%d*m")
    assert.matches("████████████  250 of 250  done", narrow, 1, true)
  end)
end)
