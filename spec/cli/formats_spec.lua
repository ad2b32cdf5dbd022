-- Rows as a table, CSV, JSON and JSON a line.

local cjson = require "cjson"
local formats = require "geelark.cli.formats"
local json = require "geelark.cli.json"

local NAMES = { "id", "code", "msg" }

-- What a format makes of rows.
local function written(format, rows)
  local text, i = "", 0
  formats[format]({ write = function(_, more) text = text .. more end }, NAMES, function()
    i = i + 1
    return rows[i]
  end)
  return text
end

describe("CSV", function()
  it("quotes cells with commas or quotes, and has no control characters", function()
    assert.equal('id,code,msg\n1,43009,"say ""no"", now"\n2,,a b  [31m [32m\n', written("csv",
      { { "1", 43009, 'say "no", now' }, { "2", nil, "a\tb\n\27[31m\194\155[32m" } }))
  end)

  it("has none of Unicode's control characters, which many terminals obey, either", function()
    assert.equal("id,code,msg\n1,, 31m\194\160云\n",
      written("csv", { { "1", nil, "\194\15531m\194\160云" } }))
  end)
end)

describe("JSON", function()
  it("leaves out what is nil, a line each", function()
    assert.equal('{"id":"1","code":43009}\n{"id":"2","msg":"x"}\n',
      written("jsonl", { { "1", 43009 }, { "2", nil, "x" } }))
  end)

  it("is an array", function()
    assert.equal('[\n{"id":"1"},\n{"id":"2"}\n]\n', written("json", { { "1" }, { "2" } }))
    assert.equal("[]\n", written("json", {}))
  end)

  it("writes numbers without a fraction as integers, also where they are doubles", function()
    assert.equal("42001", json.scalar(42001 / 1))
    assert.equal("0.25", json.scalar(0.25))
    assert.equal("null", json.scalar(0 / 0))
    assert.equal("true", json.scalar(true))
  end)

  it("escapes strings so that they come back", function()
    for _, text in ipairs { "", "a/b\\/c", '"', "\0\1\27\127\n", "云手机", "5.28E+17" } do
      local encoded = json.scalar(text)
      assert.same({ text }, cjson.decode("[" .. encoded .. "]"))
      assert.is_nil(encoded:find "[%z\1-\31\127]")
    end
  end)
end)

describe("a table", function()
  it("is aligned, and nothing where there are no rows", function()
    assert.equal("id   code   msg\n1    43009  is started\n123\n",
      written("table", { { "1", 43009, "is started" }, { "123" } }))
    assert.equal("", written("table", {}))
  end)
end)
