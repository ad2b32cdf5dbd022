-- What is known of the service's codes.

local geelark = require "geelark"

describe("geelark.codes", function()
  it("maps names to numbers and numbers to what is known of them", function()
    assert.equal(43009, geelark.codes.started)
    local code = geelark.codes[43009]
    assert.equal("started", code.name)
    assert.is_true(code.retryable)
    assert.equal("string", type(code.meaning))
    assert.matches("stop_started", code.remedy)
    assert.matches("stop_started", geelark.codes[43010].remedy)
  end)

  it("knows every code of the service's tables", function()
    for _, number in ipairs { 0, 40000, 40001, 40002, 40003, 40004, 40005, 40006, 40007, 40009,
      40010, 40011, 40012, 40013, 40014, 40015, 40016, 40017, 41001, 42001, 43004, 43005, 43006,
      43009, 43010, 43011, 43021, 46001, 47002, 50000, 90001, 90004 } do
      local code = geelark.codes[number]
      assert.equal(number, geelark.codes[code.name])
    end
  end)

  it("has an entry named unlisted, with the same fields, for any other number", function()
    local function types(entry)
      local of = {}
      for name, value in pairs(entry) do of[name] = type(value) end
      return of
    end
    for _, number in ipairs { 49999, -1, 1.5, 0 / 0 } do
      local code = geelark.codes[number]
      assert.same(types(geelark.codes[43009]), types(code))
      assert.equal("unlisted", code.name)
      assert.is_false(code.retryable)
    end
    assert.is_nil(geelark.codes.no_such_name)
    assert.is_nil(geelark.codes.unlisted)
  end)

  it("holds only what is listed", function()
    for key, value in pairs(geelark.codes) do
      local number = type(key) == "number" and key or value
      assert.not_equal("unlisted", geelark.codes[number].name)
    end
  end)
end)
