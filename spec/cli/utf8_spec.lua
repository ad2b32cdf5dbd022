-- Text from outside becomes UTF-8, so that every program can read the results.

local cjson = require "cjson"
local cli = require "spec.support.cli"
local formats = require "geelark.cli.formats"
local json = require "geelark.cli.json"
local simulator = require "geelark.simulator"
local utf8 = require "geelark.cli.utf8"

local UNKNOWN = "\239\191\189"

describe("text in results", function()
  for _, text in ipairs { "", "started", "\194\128 \223\191", "\224\160\128\237\159\191",
    "\238\128\128", "\240\144\128\128\244\143\191\191", "\229\144\175\229\138\168" } do
    it("stays as it is where it is UTF-8: " .. text, function()
      assert.equal(text, utf8(text))
    end)
  end

  for name, bytes in pairs {
    ["a byte that begins nothing"] = "\255", ["a continuation alone"] = "\128",
    ["two bytes of three"] = "\229\144", ["a byte too many"] = "\194\128\128",
    ["an overlong slash"] = "\192\175", ["an overlong form of three bytes"] = "\224\159\191",
    ["an overlong form of four"] = "\240\143\191\191", ["a surrogate"] = "\237\160\128",
    ["more than U+10FFFF"] = "\244\144\128\128",
  } do
    it("has a replacement character for " .. name, function()
      assert.equal("a" .. UNKNOWN .. "b", utf8("a" .. bytes .. "b"))
    end)
  end

  it("is UTF-8 in every format", function()
    local bad, written = "\198", ""
    local output = { write = function(_, text) written = written .. text end }
    for _, format in ipairs { "table", "csv", "jsonl", "json" } do
      written = ""
      local rows = { { "1", bad } }
      formats[format](output, { "id", "msg" }, function() return table.remove(rows) end)
      assert.matches(UNKNOWN, written, 1, true)
      assert.is_nil(written:find(bad, 1, true))
    end
    assert.equal('"' .. UNKNOWN .. '"', json.scalar(bad))
  end)

  it("is UTF-8 in the error of a gateway that writes another encoding", function()
    local service = simulator.spawn { phones = 1,
      plan = { { status = 403, body = "\189\251\214\185\183\195\206\202" } } }
    local run = cli.run("delete --yes --format json " .. service:ids()[1], { service = service })
    service:stop()
    assert.equal(3, run.status)
    assert.equal(run.output, utf8(run.output))
    assert.equal("auth", cjson.decode(run.output).error.kind)
  end)
end)
