-- The list of failures: filtered, grouped, printed.

local geelark = require "geelark"

local result = { failDetails = {
  { code = 43009, id = "1", msg = "env is started" },
  { code = 42001, id = "22", msg = "env not found" },
  { code = 43021, id = "333", msg = "云手机使用中" },
  { code = 43009, id = "4444", msg = "still started" },
  { code = 49999, id = "5", msg = "new one" },
} }

local function ids(list) return table.concat(list:ids(), " ") end

describe("geelark.failures", function()
  it("raises for anything but a result", function()
    assert.has_error(function() geelark.failures(nil) end)
    assert.has_error(function() geelark.failures {} end)
    assert.has_error(function() geelark.failures "x" end)
  end)

  it("is an array of the failures, of a result or of an err", function()
    local list = geelark.failures(result)
    assert.equal(5, #list)
    assert.equal(5, list:count())
    assert.equal(result.failDetails[2], list[2])
    assert.equal(5, #geelark.failures { result = result })
    list[1] = nil
    assert.equal(5, #result.failDetails)
  end)

  local filters = {
    { 43009, "1 4444" }, { "started", "1 4444" }, { "43009", "1 4444" },
    { { "started", 42001 }, "1 22 4444" }, { {}, "" }, { { msg = "^env" }, "1 22" },
    { { code = "started", msg = "still" }, "4444" }, { { code = { 42001, "in_use" } }, "22 333" },
    { { id = "^%d$" }, "1 5" }, { function(f) return #f.id > 2 end, "333 4444" },
  }
  for i, case in ipairs(filters) do
    it("filters by where and except, case " .. i, function()
      local list = geelark.failures(result)
      assert.equal(case[2], ids(list:where(case[1])))
      assert.equal(5, #list:where(case[1]) + #list:except(case[1]))
      assert.equal(5, #list)
    end)
  end

  it("filters by whatever can be called", function()
    local filter = setmetatable({}, { __call = function(_, failure) return failure.id == "5" end })
    assert.equal("5", ids(geelark.failures(result):where(filter)))
  end)

  it("chains", function()
    assert.equal("333", ids(geelark.failures(result):retryable():except "started"))
  end)

  it("knows what can be tried again", function()
    assert.equal("1 333 4444", ids(geelark.failures(result):retryable()))
  end)

  it("groups by code", function()
    local groups = geelark.failures(result):by_code()
    assert.equal(2, groups[43009]:count())
    assert.equal("22", ids(groups[42001]))
    assert.is_nil(groups[43005])
  end)

  local bad_filters = { "startd", true, { "startd" }, { mgs = "x" }, { msg = 5 }, { msg = "%" },
    { 43009, nil, 42001 }, { nil, 42001 }, { 43009, msg = "env" },
    { code = { 43009, nil, 42001 } } }
  for i, bad in ipairs(bad_filters) do
    it("raises for a bad filter, case " .. i, function()
      assert.has_error(function() geelark.failures(result):where(bad) end)
    end)
  end

  it("takes the name of the codes that aren't listed", function()
    local list = geelark.failures { failDetails = {
      { code = 43009, id = "a1", msg = "" }, { code = 77777, id = "b1", msg = "" },
      { code = 43021, id = "c1", msg = "" }, { code = -5, id = "d1", msg = "" },
    } }
    local name = geelark.codes[77777].name
    assert.same({ "b1", "d1" }, list:where(name):ids())
    assert.same({ "a1", "c1" }, list:except(name):ids())
    assert.same({ "a1", "b1", "d1" }, list:where({ "started", name }):ids())
    assert.same({ "d1" }, list:where({ code = name, id = "d" }):ids())
    assert.same({ "b1", "c1", "d1" }, list:where({ code = { name, 43021 } }):ids())
  end)

  it("suggests the nearest name", function()
    local _, message = pcall(geelark.failures(result).where, geelark.failures(result), "startd")
    assert.truthy(message:find('did you mean "started"?', 1, true))
  end)

  it("says what is wrong with a pattern", function()
    local list = geelark.failures(result)
    local _, message = pcall(list.where, list, { msg = "[" })
    assert.truthy(message:find("'where' (filter.msg: malformed pattern (", 1, true), message)
  end)

  it("prints as an aligned table", function()
    assert.equal(table.concat({
      "code   name       id    msg",
      "43009  started    1     env is started",
      "42001  not_found  22    env not found",
      "43021  in_use     333   云手机使用中",
      "43009  started    4444  still started",
      "49999             5     new one",
    }, "\n"), tostring(geelark.failures(result)))
    assert.equal("no failures", tostring(geelark.failures { failDetails = {} }))
  end)

  it("lets no control character reach a terminal", function()
    -- U+009B begins a terminal's commands as ESC [ does; U+00DB ends with the same byte.
    local list = geelark.failures { failDetails = { { code = 1, id = "a1",
      msg = "x\27[2J\ny\127\0z\194\155[31m \195\155" } } }
    assert.matches("  x %[2J y  z %[31m \195\155$", tostring(list))
  end)
end)
