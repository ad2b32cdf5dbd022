-- The demo, as a file gets it and as terminals of two widths show it.

local shell = require "spec.support.shell"

local run_demo = ("LUA_PATH=%s LUA_CPATH=%s exec %s spec/demo.lua"):format(
  shell.quote(package.path), shell.quote(package.cpath), shell.quote(shell.lua()))

-- What the demo writes to a terminal of so many columns; each state of a line that is drawn anew
-- ends with a carriage return.
local function on_terminal(columns, environment)
  local command = ("stty cols %d; export TERM=xterm LC_ALL=C.UTF-8 %s; %s")
    :format(columns, environment, run_demo)
  return shell.run("script -qec %s /dev/null </dev/null", command)
end

local function without_escapes(text)
  return (text:gsub("\27%[%??%d*%a", ""))
end

-- Columns that a line takes: those of Chinese letters are twice as wide.
local function width(line)
  local columns = 0
  for letter in line:gmatch "[^\128-\191][\128-\191]*" do
    columns = columns + (letter:find "^[\228-\233]" and 2 or 1)
  end
  return columns
end

-- The shares that the progress showed: from nothing on, and never less than before.
local function assert_progress(text)
  local last = -1
  for digits in text:gmatch "(%d+) %%" do
    local percent = tonumber(digits)
    assert.is_true(last >= 0 and percent >= last or percent == 0)
    last = percent
  end
  assert.is_true(last > 0)
end

describe("the demo", function()
  local plain, narrow, wide
  setup(function()
    shell.need("command -v script", "bsdutils")
    plain = shell.run("(" .. run_demo .. ") 2>&1")
    narrow = on_terminal(40, "NO_COLOR=1")
    wide = on_terminal(80, "NO_COLOR=")
  end)

  it("is a call of the command, as one would type it", function()
    assert.matches("\n$ geelark delete --from ids.txt --yes --format csv >account.csv\n", plain, 1,
      true)
  end)

  it("accounts for every id, and the account is true", function()
    local deleted, presumed, failed = plain:match(
      "geelark: (%d+) deleted %((%d+) presumed%), (%d+) failed\n")
    assert.equal(250, deleted + failed)
    assert.matches(("The simulator's own count: %d phones were deleted, 7 are left: the account is"
      .. "\ntrue."):format(deleted), plain, 1, true)
    assert.matches(presumed .. " are presumed deleted", plain, 1, true)
  end)

  it("lists what failed, with what helps", function()
    assert.matches("\n  4 started (43009): stop it, then delete, as --stop-started does\n", plain,
      1, true)
    assert.equal(4, select(2, plain:gsub("\n%d+,failed,43009,started,env is started%f[\n]", "")))
    assert.equal(9, select(2, plain:gsub(",failed,4", "")))
  end)

  it("is plain text where there is no terminal", function()
    assert.is_nil(plain:find "[\27\r]")
  end)

  it("moves one line on a terminal, and fits 40 columns but for rows of the file", function()
    for columns, text in pairs { [40] = narrow, [80] = wide } do
      assert_progress(text)
      assert.equal(1, select(2, text:gsub("[^\n]*%d+ %%[^\n]*", "")))
      for line in without_escapes(text):gmatch "[^\r\n]+" do
        assert.is_true(width(line) <= columns or line:find ",failed," ~= nil, line)
      end
    end
  end)

  it("has colours on a terminal, and none with NO_COLOR", function()
    assert.matches("\27[32m█", wide, 1, true)
    assert.matches("\27[31mstarted\27[0m", wide, 1, true)
    assert.is_nil(narrow:find "\27%[%d+m")
  end)
end)
