-- The job's copy of the ids: each once, exactly as it was given.

local asked = require "spec.support.asked"
local cjson = require "cjson"
local geelark = require "geelark"
local service = require "spec.support.service"

describe("the ids of a job", function()
  it("given twice are asked for once; the extra ones are counted", function()
    local options, log = service.options(service.success)
    local result = assert(geelark.delete({ "b", "a", "b", "7", "b", "7" }, options))
    assert.same({ "b", "a", "7" }, asked(log))
    assert.equal(3, result.totalAmount)
    assert.equal(3, result.duplicateAmount)
  end)

  it("are kept apart where they only look alike", function()
    local ids = { "7", "07", "007", "7a", "+7", "528086321789535232", "528086321789535233" }
    local options, log = service.options(service.success)
    assert.equal(0, assert(geelark.delete(ids, options)).duplicateAmount)
    assert.same(ids, asked(log))
  end)

  -- Each other byte at each place of numbers of each length.
  it("have no other character for a digit, wherever it stands", function()
    local ids = {}
    for byte = 0x20, 0x7e do
      if byte < 0x30 or byte > 0x39 then
        for length = 2, 18 do
          for place = 2, length - 1 do
            local digits = ("528086321789535232"):sub(1, length)
            ids[#ids + 1] = digits:sub(1, place - 1) .. string.char(byte) .. digits:sub(place + 1)
          end
        end
      end
    end
    local options, log = service.options(service.success,
      { requests_per_minute = false, requests_per_hour = false, concurrency = 1 })
    local result = assert(geelark.delete(ids, options))
    assert.equal(0, result.duplicateAmount)
    local seen = asked(log)
    for i, id in ipairs(ids) do assert.equal(id, seen[i]) end
    for _, request in ipairs(log) do
      assert.same(request.ids, cjson.decode(request.body).ids)
    end
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
