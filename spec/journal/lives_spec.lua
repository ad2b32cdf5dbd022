-- geelark.journal: random lives of jobs with one file agree with the account in memory and with the
-- service. The long form is `make torture ONLY=disk`.

local lives = require "spec.torture.journal.lives"
local temporary = require "spec.support.temporary"

describe("a journal through many lives", function()
  it("says after each what the account says, and what the service did", function()
    local folder = temporary.new()
    finally(function() folder:remove() end)
    for seed = 1, 4 do
      assert.same({}, lives(seed, folder:file(("run%d.db"):format(seed))))
    end
  end)
end)
