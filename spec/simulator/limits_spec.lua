-- How often the simulated service may be called, in virtual time.

local limits = require "geelark.simulator.limits"
local requests = require "spec.support.requests"

describe("the simulator's limits", function()
  it("refuse the 201st request of a minute until the next minute", function()
    local checker = limits.new { requests_per_minute = 200, requests_per_hour = 24000, minute = 60 }
    for _ = 1, 200 do assert.is_nil(checker:refusal(requests.DELETE, 119)) end
    assert.equal(40007, (checker:refusal(requests.DELETE, 119.9)))
    assert.is_nil(checker:refusal(requests.STOP, 119.9)) -- each API has its own
    assert.is_nil(checker:refusal(requests.DELETE, 120))
  end)

  it("lock for two hours whoever goes over the hour", function()
    local checker = limits.new { requests_per_minute = 10, requests_per_hour = 15, minute = 60 }
    for _ = 1, 10 do assert.is_nil(checker:refusal(requests.DELETE, 0)) end
    for _ = 1, 5 do assert.is_nil(checker:refusal(requests.DELETE, 60)) end
    assert.equal(40014, (checker:refusal(requests.DELETE, 60)))
    assert.equal(40014, (checker:refusal(requests.DELETE, 60 + 7199)))
    assert.is_nil(checker:refusal(requests.STOP, 60)) -- each API has its own
    assert.is_nil(checker:refusal(requests.DELETE, 60 + 7200))
  end)

  it("scale hour and lock with the minute", function()
    local checker = limits.new { requests_per_minute = 10, requests_per_hour = 1, minute = 0.5 }
    assert.is_nil(checker:refusal(requests.DELETE, 0))
    assert.equal(40014, (checker:refusal(requests.DELETE, 29.9)))
    assert.equal(40014, (checker:refusal(requests.DELETE, 29.9 + 59.9)))
    assert.is_nil(checker:refusal(requests.DELETE, 29.9 + 60))
  end)
end)
