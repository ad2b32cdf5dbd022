-- What the command reads as ids: text, CSV and JSON, told apart by content; what it refuses, and where
-- that stands.

local ids = require "geelark.cli.ids"
local temporary = require "spec.support.temporary"

local A, B, C = "528086321789535232", "528086321789600768", "528086321789666304"
local BOM = "\239\187\191"

describe("a file of ids", function()
  local directory
  setup(function() directory = temporary.new() end)
  teardown(function() directory:remove() end)

  local function read(text, column)
    return ids.from_file(directory:write("ids", text), column)
  end

  local readable = {
    { "text, an id a line", A .. "\n" .. B .. "\n" .. C },
    { "text with a byte order mark and Windows' ends of lines",
      BOM .. A .. "\r\n" .. B .. "\r\n" .. C .. "\r\n" },
    { "text with blank lines, comments, and white space around ids",
      "# mine\n\n  " .. A .. "\t\n \n" .. B .. "  # the second\n\t# more\n" .. C },
    { "one column of CSV with a header", BOM .. "Phone\r\n" .. A .. "\r\n" .. B .. "\r\n" .. C },
    { "quoted cells", ('"Phone"\n"%s"\n"%s"\n"%s"\n'):format(A, B, C) },
    { "lines that end with a comma", ("%s,\n%s,\n%s,"):format(A, B, C) },
    { "a column by its name", ("name,Id\na,%s\n\nb,%s\nc,%s\n"):format(A, B, C), "id" },
    { "a column by its number, below a header", ("name;id\na;%s\nb;%s\nc;%s\n"):format(A, B, C),
      "2" },
    { "a column by its number, without a header", ("%s\ta\n%s\tb\n%s\tc\n"):format(A, B, C),
      "1" },
    { "a column by its number, where a cell of another is that number",
      ("%s,1\n%s,2\n%s,3\n"):format(A, B, C), "1" },
    { "text with ids that are commented out",
      A .. "\n#" .. A .. "\n#N1\n#No! no\n#NV and N/D\n" .. B .. "\n" .. C .. "\n" },
    { "text whose first comment holds a comma", A .. " # Ann, Berlin\n" .. B .. "\n" .. C },
    { "a column whose header looks like an id", ("x,id2\na,%s\nb,%s\nc,%s"):format(A, B, C),
      "id2" },
    { "a first column that is called #", ("#,id\n1,%s\n2,%s\n3,%s"):format(A, B, C), "id" },
    { "cells with separators, quotes and ends of lines in them",
      ('name;id\n"a;""b""";%s\n"c\nd";"%s"\n# no record\n;%s\n'):format(A, B, C), "id" },
    { "quoted cells with white space behind them", ('"%s" ;a\n"%s"\t;b\n%s;"c" \n'):format(A, B, C),
      "1" },
    { "rows that are longer, where no cell stands before the ids",
      ("id,name\n%s,a, b\n%s\n%s,c,d\n"):format(A, B, C), "id" },
    { "rows that are longer by empty cells", ("n,id\na,%s,\nb,%s, ,\nc,%s"):format(A, B, C),
      "2" },
    { "JSON, strings", (' ["%s",\n"%s", "%s"]'):format(A, B, C) },
    { "JSON, objects", ('[{"id":"%s","n":1},{"id":"%s"},{"id":"%s"}]'):format(A, B, C) },
    { "JSON, another field", ('[{"phone":"%s"},{"phone":"%s"},{"phone":"%s"}]'):format(A, B, C),
      "phone" },
  }
  for _, case in ipairs(readable) do
    it("may be " .. case[1], function()
      local found, why = read(case[2], case[3])
      assert.is_nil(why)
      assert.same({ A, B, C }, found.list)
    end)
  end

  local empty = { text = "", comments = "# none\n\n", JSON = "[]", ["a header"] = "id\n" }
  for name, text in pairs(empty) do
    it("may hold no id: nothing but " .. name, function()
      assert.same({}, read(text).list)
    end)
  end

  it("tells which line was taken for a header", function()
    assert.equal("Phone", read("Phone\n" .. A .. "\n").header)
    assert.equal("Phone", read("Phone,\n" .. A .. ",\n").header)
    assert.is_nil(read(A .. "\n").header)
  end)

  local refused = {
    { "a number that a spreadsheet has rounded", A .. "\n\n# x\n5.28086E+17\n", nil,
      '\n  line 4: number with a point or an exponent, "5.28086E+17"\n'
        .. "what helps: a spreadsheet rounds" },
    { "such a number with a comma, in the first line", "5,28E+17\n" .. A, nil,
      '\n  line 1: number with a point or an exponent, "5,28E+17"' },
    { "such a number in CSV, below a cell of two lines",
      'id;n\n1;"a\nb"\n5,28086E+17;x', "id", '\n  line 4: number with a point or an exponent, ' },
    { "an empty cell", "id,name\n" .. A .. ",a\n,b\n", "id", "\n  line 3: empty string" },
    { "two ids in a line", A .. "\n" .. A .. " " .. B, nil, "\n  line 2: white space" },
    { "a second header", "id\nid\n", nil, '\n  line 2: no digit, "id"' },
    { "UTF-16", "\255\2545\0\n", nil, "a text in UTF-16; what helps: save it as UTF-8" },
    { "UTF-16 with a header and columns, as spreadsheets write it", "\255\254i\0d\0\t\0n\0\n\0",
      nil, "a text in UTF-16; what helps: save it as UTF-8" },
    { "a spreadsheet's own file", "PK\3\4\20,\0", nil, "what helps: export it as CSV" },
    { "an old spreadsheet's own file", "\208\207\17\224,\n", nil, "what helps: export it as CSV" },
    { "bytes that are no text, alone in the file", "\31\139\8\0", nil,
      "\n  line 1: control character" },
    { "bytes that are no text, with what separates cells", "SQLite format 3\0\1,;,x\n", nil,
      "\n  line 1: control character" },
    { "a spreadsheet's error among the ids, which is no comment",
      "id,n\n" .. A .. ",a\n#N/A,b\n" .. B .. ",c\n", "id", '\n  line 3: no digit, "#N/A"' },
    { "such errors in text", A .. "\n#REF!\n#DIV/0!\n#NAME?\n#VALUE!\n#none\n", nil,
      '"#REF!"\n  line 3: character U+0023, "#DIV/0!"\n  line 4: no digit, "#NAME?"\n'
        .. '  line 5: no digit, "#VALUE!"' },
    { "such errors as other languages write them", A .. "\n#NV\r\n#N/D\n#Н/Д\n#NV", nil,
      '"#NV"\n  line 3: no digit, "#N/D"\n  line 4: no digit, "#Н/Д"\n'
        .. '  line 5: no digit, "#NV"' },
    { "such an error in CSV", "id,n\n#NV,a\n" .. A .. ",b\n", "id", '\n  line 2: no digit, "#NV"' },
    { "what a column was too narrow for", "id,n\n########,a\n" .. A .. ",b\n", "id",
      '\n  line 2: no digit, "########"' },
    { "such an error in the first line", "#N/A\n" .. A, nil, "\n  line 1: no digit" },
    { "what a program writes where there is none, alone in the file", "null\n", nil,
      '\n  line 1: no digit, "null"' },
    { "the same in the first line of several", "None\n" .. A, nil, '\n  line 1: no digit, "None"' },
    { "the same in CSV", "NaN,a\n" .. A .. ",b\n", "1", '\n  line 1: no digit, "NaN"' },
    { "several columns of the same name", "id,n,ID\n1a,b,2a\n", "id",
      '2 columns are named "id"; give the number, 1 to 3' },
    { "several columns", "id,name\n" .. A .. ",a\n", nil,
      "has 2 columns; --column tells which holds the ids: id, name" },
    { "several columns without names", A .. ";1\n", nil, "by number, 1 to 2" },
    { "several columns further down", A .. ",\n" .. B .. ",x\n", nil,
      "line 2 has several columns" },
    { "a column that isn't there", "id,name\n" .. A .. ",a\n", "phone",
      'no column is named "phone"; it has 2 columns' },
    { "a column number that isn't there", "id,name\n" .. A .. ",a\n", "3",
      'no column is named "3"' },
    { "a column of text that has none", A .. "\n", "phone",
      'no column is named "phone"; it has 1 column;' },
    { "quotes that are never closed", 'id,n\n1,a\n2,"b\n', "id",
      "line 3: quotes are never closed" },
    { "a name that begins with a stray quote, which would take the rows up to the next one",
      'name,id\n"Ann,1\nBob,2\n"Cid",3\n', "id", "line 2: text behind closing quotes" },
    { "a row that a separator without quotes has made longer, so that another cell is in its place",
      "name,n,id\nAnn, B,7,1a\n", "id", "line 2 has more columns than the first line" },
    { "numbers in JSON", ("[%s]"):format(A), nil, "item 1 is a number: write ids as strings" },
    { "numbers in JSON's objects", '[{"id":"1"},{"id":2}]', nil, "item 2 is a number" },
    { "null in JSON", '["1",null]', nil, "item 2 is no string" },
    { "objects without the field", '[{"ID":"1"}]', nil, 'item 1 has no field "id"' },
    { "an object", '{"id":"1"}', nil, "an array is expected" },
    { "JSON a line", '{"id":"1"}\n{"id":"2"}\n', nil, "an array is expected" },
    { "broken JSON", '["1",', nil, "no JSON: " },
    { "what is no id in JSON", '["1","x"]', nil, '\n  item 2: no digit, "x"' },
  }
  for _, case in ipairs(refused) do
    it("is refused for " .. case[1], function()
      local found, why = read(case[2], case[3])
      assert.is_nil(found)
      assert.matches(case[4], why, 1, true)
    end)
  end

  it("names five that are wrong, and how many more there are", function()
    local _, why = read(("1.5E+17\n"):rep(8))
    assert.matches("\n  line 5: [^\n]*\n  and 3 more\nwhat helps: ", why)
  end)

  -- A pattern that looks at each rest of the line takes hours.
  for name, case in pairs {
    digits = { ("9"):rep(1e6), "longer than 64 characters" },
    blanks = { "1" .. (" "):rep(1e6) .. "2 ", "white space" },
  } do
    it("may be one long line of " .. name .. ", which is refused as any other", function()
      local _, why = read(case[1] .. "\n" .. A)
      assert.matches("\n  line 1: " .. case[2], why, 1, true)
    end)
  end

  it("that can't be read is named", function()
    local _, why = ids.from_file(directory:file "none")
    assert.equal(directory:file "none" .. ": No such file or directory", why)
    _, why = ids.from_file(directory.path)
    assert.equal(directory.path .. ": Is a directory", why)
  end)
end)

describe("ids as arguments", function()
  it("are taken as they are, and named by their number where they are wrong", function()
    assert.same({ A, B }, ids.from_arguments({ A, B }).list)
    local _, why = ids.from_arguments { A, "phone" }
    assert.matches("the arguments hold what is no id, and nothing was sent:\n"
      .. '  argument 2: no digit, "phone"', why, 1, true)
  end)

  it("get no other number and no other help from what stands in them", function()
    local _, why = ids.from_arguments { "x; ids[9]: y", "b; what helps: c" }
    assert.equal('the arguments hold what is no id, and nothing was sent:\n'
      .. '  argument 1: quotes, commas or brackets, "x; ids[9]: y"\n'
      .. '  argument 2: no digit, "b; what helps: c"\n'
      .. "what helps: take the ids alone out of CSV or JSON, without what stands around them; "
      .. "every id has one: skip a header line", why)
  end)
end)
