-- The simulation finds nothing, and would find something: an engine with a deliberate fault in
-- it has to be caught.

local build_mutant = require "spec.support.simulation.mutant"
local mutations = require "spec.support.simulation.mutations"
local shell = require "spec.support.shell"

local lua = shell.lua_name()
local seeds = ({ ["lua5.4"] = 20000, luajit = 5000 })[lua] or 2000

-- What the simulation prints.
local function simulate(amount, cpath)
  return shell.output(("LUA_PATH=%s LUA_CPATH=%s %s spec/simulation.lua %d 2>&1")
    :format(shell.quote(package.path), shell.quote(cpath), shell.quote(shell.lua()), amount))
end

describe("the simulation", function()
  it("has no finding in " .. seeds .. " seeds", function()
    local said = simulate(seeds, package.cpath)
    assert.truthy(said:find(seeds .. " seeds, no finding", 1, true), said)
  end)
end)

if lua ~= "lua5.4" then return end -- the engine is the same on every Lua; once is enough

describe("the simulation catches within 2,000 seeds that", function()
  for _, mutation in ipairs(mutations) do
    it(mutation.name, function()
      local said = simulate(2000, build_mutant(mutation))
      assert.truthy(said:find "^seed %d+: ", said)
    end)
  end
end)

describe("a mutation", function()
  it("whose text is not in the source, or there twice, is an error", function()
    for _, text in ipairs { "no such text", "return" } do
      assert.has_error(function()
        build_mutant { name = "", file = mutations[1].file, find = text, replace = "" }
      end)
    end
  end)
end)
