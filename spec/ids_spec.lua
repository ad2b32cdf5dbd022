-- The job's copy of the ids: each once, exactly as it was given.

local asked = require "spec.support.asked"
local cjson = require "cjson"
local geelark = require "geelark"
local service = require "spec.support.service"

describe("the ids of a job", function()
  it("given twice are asked for once; the extra ones are counted", function()
    local options, log = service.options(service.success)
    local result = assert(geelark.delete({ "b1", "a1", "b1", "7", "b1", "7" }, options))
    assert.same({ "b1", "a1", "7" }, asked(log))
    assert.equal(3, result.totalAmount)
    assert.equal(3, result.duplicateAmount)
  end)

  it("are kept apart where they only look alike", function()
    local ids = { "7", "07", "007", "7a", "7-", "7_", "A7", "a7",
      "528086321789535232", "528086321789535233" }
    local options, log = service.options(service.success)
    assert.equal(0, assert(geelark.delete(ids, options)).duplicateAmount)
    assert.same(ids, asked(log))
  end)

  -- Each byte at the beginning, in the middle and at the end, beside a digit and without one.
  it("have letters, digits, - and _ alone, no - or _ first, and a digit", function()
    for byte = 0, 255 do
      local c = string.char(byte)
      local letter, digit = c:find "^[A-Za-z]$" ~= nil, c:find "^[0-9]$" ~= nil
      local part = letter or digit or c == "-" or c == "_"
      for text, wanted in pairs { [c] = digit, [c .. "1"] = letter or digit, ["1" .. c] = part,
        ["1" .. c .. "2"] = part, ["a" .. c .. "b"] = digit, ["ab" .. c] = digit } do
        assert.equal(wanted, (pcall(geelark.check, { text })), ("%q"):format(text))
      end
    end
  end)

  it("have 1 to 64 characters, wherever the digit stands", function()
    for length = 0, 70 do
      for place = 1, math.max(length, 1) do
        local text = (("x"):rep(place - 1) .. "7" .. ("x"):rep(70)):sub(1, length)
        assert.equal(length >= 1 and length <= 64, (pcall(geelark.check, { text })), text)
      end
    end
  end)

  it("stand in the request as they were given", function()
    local ids = { "7", "a-1", "a_1", "1--", ("x"):rep(63) .. "7", "99999999999999999999", "0" }
    local options, log = service.options(service.success)
    assert(geelark.delete(ids, options))
    assert.same(ids, asked(log))
    assert.same(ids, cjson.decode(log[1].body).ids)
  end)

  it("get no failure that names another id with a character in place of a digit", function()
    local options = service.options(function(request)
      return 200, service.envelope(40006, #request.ids, { service.failure("1234-5678", 43009) })
    end, { attempts = 1 })
    local _, err = geelark.delete({ "123535678" }, options)
    assert.same({ "123535678" }, err and err.result.unknownIds)
  end)

  it("are copied: changing the list later changes nothing", function()
    local ids = service.ids(120)
    local options, log = service.options(function(request)
      for i = 1, 120 do ids[i] = "changed" end
      return service.success(request)
    end, { concurrency = 1 })
    assert(geelark.delete(ids, options))
    assert.same(service.ids(120), asked(log))
  end)
end)
