-- The simulation finds nothing, and would find something: the engine with a deliberate fault
-- in it (make MUTATION=…) has to be caught.

local shell = require "spec.support.shell"

local lua = rawget(_G, "jit") and "luajit" or "lua" .. _VERSION:match "%d%.%d"
local seeds = ({ ["lua5.4"] = 20000, luajit = 5000 })[lua] or 2000

local function simulate(amount, build)
  local command = ("LUA_PATH=%s LUA_CPATH='build/%s/?.so;;' %s spec/simulation.lua %d 2>&1")
    :format(shell.quote(package.path), build, shell.quote(shell.lua()), amount)
  local pipe = assert(io.popen(command))
  local said = pipe:read "*a"
  pipe:close()
  return said
end

describe("the simulation", function()
  it("has no finding in " .. seeds .. " seeds", function()
    assert.truthy(simulate(seeds, lua):find(seeds .. " seeds, no finding", 1, true),
      simulate(seeds, lua))
  end)

  if lua ~= "lua5.4" then return end -- the engine is the same; once is enough

  local mutations = {
    "NO_PRESUMPTION", "PRESUME_ALWAYS", "BELIEVE", "DROP_LOST", "DROP_HALF", "ATTEMPTS",
    "CLAIM_UNKNOWN", "SHORT_HOLD", "IGNORE_STOP", "WINDOW", "QUOTA_LIMIT", "CONCURRENCY",
    "KEEP_DUPLICATES",
  }
  for _, mutation in ipairs(mutations) do
    it("catches the engine's fault " .. mutation .. " within 2,000 seeds", function()
      local build = "make -s all LUA=%s MUTATION=%s OPTIMISE=-O1"
      local status = os.execute(build:format(lua, mutation))
      assert.is_true(status == true or status == 0)
      local said = simulate(2000, lua .. "-" .. mutation)
      assert.truthy(said:find("^seed %d+: "), said)
      assert.is_nil(said:find("no finding", 1, true))
    end)
  end
end)
