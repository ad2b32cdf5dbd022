-- A step from within a step: what runs Lua code may call any of our functions.

local geelark = require "geelark"
local service = require "spec.support.service"

describe("a callback of a job", function()
  it("can't step it", function()
    local job, message
    local options = service.options(service.success, { on_event = function()
      local ok
      ok, message = pcall(job.step, job)
      assert(not ok)
    end })
    job = geelark.start({ "a1" }, options)
    while not job:step() do assert.is_nil(message) end
    assert.truthy(message:find("inside a callback", 1, true))
    assert.equal(1, assert(job:result()).successAmount)
  end)

  it("may cancel it", function()
    local job
    local options, log = service.options(service.success,
      { chunk_size = 1, concurrency = 1, on_progress = function() job:cancel() end })
    job = geelark.start({ "a1", "b1", "c1" }, options)
    while not job:step() do assert.equal(1, #log) end
    local _, err = job:result()
    assert.equal("cancelled", err.kind)
    assert.equal(1, #log)
  end)

  it("may step another job of its client", function()
    local client, one, other
    local refused = 0
    client = assert(geelark.new((service.options(service.success, { chunk_size = 1,
      on_event = function()
        other:step()
        if not pcall(one.step, one) then refused = refused + 1 end
      end }))))
    other = client:start({ "d1", "e1", "f1" }, { on_event = function() end })
    one = client:start { "a1", "b1", "c1" }
    while not (one:step() and other:step()) do assert.is_true(refused > 0) end
    assert.equal(6, refused) -- sent and settled, three each
    assert.equal(3, assert(one:result()).successAmount)
    assert.equal(3, assert(other:result()).successAmount)
    client:close()
  end)
end)
