-- geelark.journal: a process that is killed, or whose disk is full, and then run again. The long form
-- is `make torture ONLY=disk`.

local kills = require "spec.torture.journal.kills"
local new_round = require("spec.torture.journal.round").new

describe("a run with a journal that is", function()
  for n, name in ipairs { "killed at any moment", "killed between the write and the request",
    "killed when an answer came", "out of space" } do
    it(name .. " ends with the account that the service would give, when it is run again",
      function()
        local round = new_round(n, 1000)
        finally(function() round:close() end)
        round:play(function(_, turn) return kills[n](round, turn) end, 2)
        assert.same({}, round.findings)
      end)
  end
end)
