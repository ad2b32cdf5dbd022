-- What is known of the service's codes.

local geelark = require "geelark"

describe("geelark.codes", function()
  it("maps names to numbers and numbers to what is known of them", function()
    assert.equal(43009, geelark.codes.started)
    local code = geelark.codes[43009]
    assert.equal("started", code.name)
    assert.is_true(code.retryable)
    assert.equal("string", type(code.meaning))
    assert.truthy(code.remedy:find("stop", 1, true))
  end)

  it("knows every code of the service's tables", function()
    for _, number in ipairs { 0, 40000, 40001, 40002, 40003, 40004, 40005, 40006, 40007, 40009,
      40010, 40011, 40012, 40013, 40014, 40015, 40016, 40017, 41001, 42001, 43004, 43005, 43006,
      43009, 43010, 43011, 43021, 46001, 47002, 50000, 90001, 90004 } do
      local code = geelark.codes[number]
      assert.equal(number, geelark.codes[code.name])
    end
  end)
end)
