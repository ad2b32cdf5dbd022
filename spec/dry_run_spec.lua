-- A dry run: everything is checked, nothing is sent.

local geelark = require "geelark"
local service = require "spec.support.service"

describe("a dry run", function()
  it("checks everything, sends nothing, and leaves every id pending without an err", function()
    local options, log = service.options(service.success, { dry_run = true })
    local result, err = geelark.delete({ "a1", "b1", "a1" }, options)
    assert.is_nil(err)
    assert.same({ "a1", "b1" }, result.pendingIds)
    assert.equal(1, result.duplicateAmount)
    assert.equal(0, #log)
    assert.has_error(function() geelark.delete({ "" }, options) end)
  end)

  it("finds missing credentials", function()
    local options = service.options(service.success, { dry_run = true })
    options.token = nil
    local _, err = geelark.delete({ "a1" }, options)
    assert.equal("config", err.kind)
  end)
end)
