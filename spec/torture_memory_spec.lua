-- The torture of the memory (spec/torture/memory.lua) finds nothing, and would find something: an
-- engine with a deliberate fault in it has to be caught. `make torture` is the whole of it.

local build_mutant = require "spec.support.simulation.mutant"
local judge = require "spec.torture.memory.judge"
local mutations = require "spec.torture.memory.mutations"
local shell = require "spec.support.shell"

local ALLOCATIONS = "-include spec/torture/memory/allocations.h"

-- What it prints for the sweeps that have a text in their names; the last line is the exit status.
local function torture(sweeps)
  return shell.output(("LUAS=%s ROUNDS=7 CASE=%s LUA_PATH=%s %s spec/torture/memory.lua 2>&1; "
    .. "echo $?"):format(shell.lua_name(), shell.quote(sweeps), shell.quote(package.path),
      shell.quote(shell.lua())))
end

-- Of Lua's own allocations not on 5.2: where one for an upvalue has the collector run, that Lua goes on
-- in an upvalue which the collector has freed (luaF_findupval).
local SWEEPS = { "limiter, core", "callbacks", "http, core",
  _VERSION ~= "Lua 5.2" and "journal, lua, once" or nil }

describe("the torture of the memory", function()
  for _, sweeps in ipairs(SWEEPS) do
    it("has no finding in: " .. sweeps, function()
      local said = torture(sweeps)
      assert.truthy(said:find " 0 findings, [%d,]+ not ours, %d+ s\n0$", said)
    end)
  end

  it("fails where no sweep is meant", function()
    assert.truthy(torture("no such sweep"):find "\n1$")
  end)
end)

describe("its judge complains of", function()
  local ids, phones = { "1", "2", "3" }, { deleted = { ["1"] = true } }
  local cases = {
    { "an id that lives and is told deleted", "deleted 1 -\ndeleted 2 -\nfailed 3 43009\n" },
    { "one that is gone and is told failed", "failed 1 43009\nfailed 2 43009\nfailed 3 43009\n" },
    { "one that is gone and is told pending", "pending 1 -\nfailed 2 43009\nfailed 3 43009\n" },
    { "one in two states", "deleted 1 -\nfailed 2 43009\nfailed 3 43009\ntwice 1 -\n" },
    { "another order", "failed 2 43009\ndeleted 1 -\nfailed 3 43009\n" },
    { "one that is missing", "deleted 1 -\nfailed 2 43009\n" },
  }
  for _, case in ipairs(cases) do
    it(case[1], function()
      local text = case[2] .. "kind -\nattempts 1\ntotal 3 3\n"
      assert.is_string(judge.account(judge.read(text), ids, phones))
    end)
  end

  it("amounts that are others", function()
    local lines = "deleted 1 -\nunknown 2 -\npending 3 -\nkind -\nattempts 1\n"
    assert.is_nil(judge.account(judge.read(lines .. "total 3 3\n"), ids, phones))
    assert.is_string(judge.account(judge.read(lines .. "total 3 2\n"), ids, phones))
  end)

  it("requests that aren't on the account", function()
    local account = judge.read "kind -\nattempts 2\ntotal 0 0\n"
    assert.is_nil(judge.attempts(account, 2))
    assert.is_string(judge.attempts(account, 3))
  end)
end)

if shell.lua_name() ~= "lua5.4" then return end -- mutants are built for it

describe("the torture of the memory catches that", function()
  for _, mutation in ipairs(mutations) do
    it(mutation.name, function()
      local cpath = build_mutant(mutation, "-memory", ALLOCATIONS)
      local command = "LUA_PATH=%s LUA_CPATH=%s lua5.4 spec/torture/memory/run.lua %d 1 %s 2>&1"
      local said = shell.output(command:format(shell.quote(package.path), shell.quote(cpath),
        mutation.stride or 1, shell.quote(mutation.sweeps)))
      assert.falsy(said:find("figures %d+ 0 "), said)
      assert.truthy(said:find(mutation.finding, 1, true), said)
    end)
  end
end)
