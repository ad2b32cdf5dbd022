-- What the simulator loads: busted has each file of specs load it anew.

local shell = require "spec.support.shell"

describe("the simulator's need", function()
  -- cqueues' metatables are half made while it is loaded again: a queue of the load before that is
  -- collected then raises, in whatever runs.
  it("loads cqueues again while queues of the load before are garbage", function()
    local said = shell.output(shell.run_lua [[
      local need = require "geelark.simulator.need"
      for round = 1, 100 do
        local cqueues = need("cqueues", "lua-cqueues")
        for _ = 1, 60 do cqueues.new() end
        cqueues = nil
        for name in pairs(package.loaded) do
          if name:match "cqueues" then package.loaded[name] = nil end
        end
        for _ = 1, round * 7 % 100 do local _ = {} end
        collectgarbage("step", round % 10)
      end
      print "loaded each time"]])
    assert.equal("loaded each time", said)
  end)
end)
