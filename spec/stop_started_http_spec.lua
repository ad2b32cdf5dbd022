-- Phones that run, over HTTP: the simulator is a process of its own. The waits between requests
-- are virtual, so that a stop has taken effect when it is looked at, whatever the machine does.

local geelark = require "geelark"
local hurried = require "spec.support.hurried_clock"
local simulator = require "geelark.simulator"

describe("stop_started over HTTP", function()
  local service
  after_each(function() if service then service:stop() end end)

  it("ends 1,000 phones as the world says, with few requests of each kind", function()
    local mix = { started = 300, starting = 20, in_use = 10, unstoppable = 5, executing = 5 }
    service = simulator.spawn { phones = 1000, states = mix, stop_seconds = 0,
      start_seconds = 0.001 }
    local ids = service:ids()
    local result = assert(geelark.delete(ids, service:options { stop_started = true,
      clock = hurried() }))
    local world = service:world()
    local amounts, asked, acted = {}, { delete = 0, stop = 0, status = 0 }, {}
    for id, state in geelark.outcomes(result) do
      assert.equal(state == "deleted", world.phones[id] == nil, id)
    end
    for code, list in pairs(geelark.failures(result):by_code()) do amounts[code] = #list end
    assert.same({ [43005] = 5, [43009] = 5, [43021] = 10 }, amounts)
    for _, request in ipairs(world.requests) do
      local action = request.path:match "[^/]*$"
      asked[action] = asked[action] + 1
      if action == "stop" then for _, id in ipairs(request.ids) do acted[id] = true end end
    end
    assert.equal(#world.requests, asked.delete + asked.stop + asked.status)
    assert.is_true(asked.delete <= 30 and asked.stop <= 10 and asked.status <= 60)
    for _, id in ipairs(result.stoppedIds) do
      assert.is_true(acted[id])
      acted[id] = nil
    end
    assert.is_nil(next(acted))
  end)

  for _, call in ipairs { "stop", "status" } do
    it("asks " .. call .. " again whose answer is lost", function()
      service = simulator.spawn { phones = 20, states = { started = 4 }, stop_seconds = 0,
        plan = { { path = call, close = "after" }, { path = call, cut = 10 } } }
      local result = assert(geelark.delete(service:ids(), service:options { stop_started = true,
        clock = hurried() }))
      assert.equal(20, result.successAmount)
      assert.equal(4, #result.stoppedIds)
    end)
  end
end)
