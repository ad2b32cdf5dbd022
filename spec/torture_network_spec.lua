-- The torture of the network (spec/torture/network.lua) finds nothing, and would find something: an
-- engine with a deliberate fault in it has to be caught. `make torture` is the whole of it.

local build_mutant = require "spec.support.simulation.mutant"
local faults = require "spec.torture.network.faults"
local mutations = require "spec.torture.network.mutations"
local shell = require "spec.support.shell"

-- What it prints on the cases that have a text in their names; the last line is the exit status.
local function torture(cases, cpath)
  return shell.output(
    ("LUA_PATH=%s LUA_CPATH=%s ROUNDS=1 CASE=%s %s spec/torture/network.lua 2>&1; echo $?"):format(
      shell.quote(package.path), shell.quote(cpath or package.cpath), shell.quote(cases),
      shell.quote(shell.lua())))
end

describe("the torture of the network", function()
  for _, cases in ipairs { "after the deed", "on a kept connection", "the server's handshake" } do
    it("has no finding in: " .. cases, function()
      local said = torture(cases)
      assert.truthy(said:find " 0 findings, %d+ s\n0$", said)
    end)
  end

  it("fails where no case is meant", function()
    assert.truthy(torture("no such case"):find "\n1$")
  end)

  it("knows 60 kinds of fault and more, each by a name of its own", function()
    local names = {}
    for _, row in ipairs(faults) do
      assert.is_nil(names[row[1]], row[1])
      names[row[1]] = true
    end
    assert.is_true(#faults >= 60)
  end)
end)

if shell.lua_name() ~= "lua5.4" then return end -- the engine is the same on every Lua

describe("the torture of the network catches that", function()
  for _, mutation in ipairs(mutations) do
    it(mutation.name, function()
      local said = torture(mutation.cases, build_mutant(mutation))
      assert.falsy(said:find(" 0 findings,", 1, true), said)
      assert.falsy(said:find("\n0$"), said)
    end)
  end
end)
