-- What a list of ids may be, and what raises before anything is sent.

local asked = require "spec.support.asked"
local geelark = require "geelark"
local service = require "spec.support.service"
local temporary = require "spec.support.temporary"

local has_integers = math.type ~= nil

-- What geelark.delete raises for this list; no request may have been made.
local function raised_for(ids)
  local options, log = service.options(service.success)
  local ok, message = pcall(geelark.delete, ids, options)
  assert.is_false(ok)
  assert.equal(0, #log)
  return message
end

local function plain(text) return function(message) return message:find(text, 1, true) end end

local TRIM = 'what helps: take text:match "^%s*(.-)%s*$"'
local TEXT = "what helps: a spreadsheet rounds long numbers: export the ids as text"
local ALONE = "what helps: take the ids alone out of CSV or JSON"
local HEADER = "what helps: every id has one: skip a header line"
local QUOTES = "what helps: write ids as strings"

-- What it is, the value, what is said of it, how it is shown, what helps.
local bad_values = {
  { "an empty string", "", "empty string" },
  { "a space before", " 1", "surrounding white space", '" 1"', TRIM },
  { "a space behind", "1 ", "surrounding white space", '"1 "', TRIM },
  { "a tab", "1\t", "surrounding white space", '"1 "', TRIM },
  { "a line feed", "1\n", "surrounding white space", '"1 "', TRIM },
  { "a carriage return", "528\r", "carriage return at the end", '"528 "', TRIM },
  { "blanks alone", " \r", "white space alone", '"  "', "what helps: skip empty lines" },
  { "blanks inside", "528 086 321", "white space", '"528 086 321"' },
  { "a zero byte", "1\0002", "control character", '"1 2"' },
  { "a delete character", "1\1272", "control character", '"1 2"' },
  { "an escape sequence", "1\27[2J", "control character", '"1 [2J"' },
  { "a C1 control character", "1\194\1332", "character U+0085" },
  { "a no-break space behind", "1\194\160", "character U+00A0" },
  { "a zero-width space", "1\226\128\139", "character U+200B" },
  { "an ideographic space", "\227\128\1281", "character U+3000" },
  { "full-width digits beside one", "1２３", "character U+FF12", '"1２３"' },
  { "a byte order mark", "\239\187\1911", "byte order mark", '1"',
    "what helps: save the file without it" },
  { "UTF-16", "\255\2541\0", "a text in UTF-16", nil, "what helps: save the file as UTF-8" },
  { "65 characters", ("1"):rep(65), "longer than 64 characters", '"' .. ("1"):rep(42) .. '..."' },
  { "no digit", "abc", "no digit", '"abc"', HEADER },
  { "a header line", "id", "no digit", '"id"', HEADER },
  { "a header line of words", "Phone ID", "no digit", '"Phone ID"', HEADER },
  { "a minus first", "-7", "begins with - or _", '"-7"' },
  { "an underscore first", "_7", "begins with - or _", '"_7"' },
  { "a plus", "+7", "character U+002B", '"+7"' },
  { "a point", "a.7", "character U+002E", '"a.7"' },
  { "a spreadsheet's number", "5.28E+17", "number with a point or an exponent", '"5.28E+17"',
    TEXT },
  { "one with its comma", "5,28086E+17", "number with a point or an exponent", nil, TEXT },
  { "one without a point", "5E+17", "number with a point or an exponent", nil, TEXT },
  { "a fraction of zero", "528.0", "number with a point or an exponent", '"528.0"', TEXT },
  { "quotes", '"528"', "quotes, commas or brackets", '""528""', ALONE },
  { "half a pair of quotes", "'528", "quotes, commas or brackets", nil, ALONE },
  { "a spreadsheet's text", '="528"', "quotes, commas or brackets", nil, ALONE },
  { "a comma behind", "528,", "quotes, commas or brackets", nil, ALONE },
  { "cells of CSV", "528;one", "quotes, commas or brackets", nil, ALONE },
  { "JSON", "[528]", "quotes, commas or brackets", nil, ALONE },
  { "a URL", "https://x.example/528", "a URL", '"https://x.example/528"',
    "what helps: take the id alone out of it" },
  { "a lone continuation byte", "1\1282", "invalid UTF-8", '"1?2"' },
  { "a cut character", "1\226\130", "invalid UTF-8" },
  { "a float", 1.5, "string expected, got number", "1.5", QUOTES },
  { "a float that was an id", 5.28086321789535e17, "string expected, got number",
    "5.28086321789", QUOTES },
  { "an infinity", math.huge, "string expected, got number", "inf", QUOTES },
  { "a NaN", 0 / 0, "string expected, got number", "nan", QUOTES },
  { "a boolean", true, "string expected, got boolean", "true" },
  { "false", false, "string expected, got boolean", "false" },
  { "a table", { "1" }, "string expected, got table" },
  { "a table with a field id", { id = "528" }, "string expected, got table with a field id",
    '"528"', "what helps: give the field id of each" },
  { "a function", print, "string expected, got function" },
}
if has_integers then
  bad_values[#bad_values + 1] = { "a float without a fraction", 2.0, "string expected, got number",
    "2.0", QUOTES }
  bad_values[#bad_values + 1] = { "0", 0, "integer above 0 expected", "0" }
  bad_values[#bad_values + 1] = { "a negative integer", -7, "integer above 0 expected", "-7" }
else
  bad_values[#bad_values + 1] = { "any number", 12345, "string expected, got number", "12345",
    QUOTES }
end

describe("a bad id raises before anything is sent:", function()
  local function check(message, case)
    assert.truthy(plain("(ids[3]: " .. case[3])(message), message)
    if case[4] then assert.truthy(plain(case[4])(message), message) end
    if case[5] then assert.truthy(plain(case[5])(message), message)
    else assert.is_nil(message:find("what helps", 1, true)) end
    assert.is_nil(message:find "[%z\1-\31\127]")
  end

  for _, case in ipairs(bad_values) do
    it(case[1] .. ", in an array", function()
      check(raised_for { "1", "2", case[2], "4" }, case)
    end)

    it(case[1] .. ", from an iterator", function()
      local list, i = { "1", "2", case[2] }, 0
      check(raised_for(function() i = i + 1 return list[i] end), case)
    end)
  end
end)

describe("several bad ids raise at once:", function()
  local function bad(count)
    local list = { "1" }
    for i = 1, count do list[i + 1] = ("%d."):format(i) end
    return list
  end

  for count, more in pairs { [5] = false, [6] = "; and 1 more; what helps",
    [100000] = "; and 99995 more; what helps" } do
    it(("of %d, five are named"):format(count), function()
      local message = raised_for(bad(count))
      for i = 1, 5 do
        local named = ('ids[%d]: number with a point or an exponent, "%d."'):format(i + 1, i)
        assert.truthy(plain(named)(message), message)
      end
      assert.is_nil(message:find("ids[7]", 1, true))
      assert.equal(more == false, message:find(" more", 1, true) == nil)
      if more then assert.truthy(plain(more)(message), message) end
    end)
  end

  it("what helps is said once for each kind", function()
    local message = raised_for { "1\r", "id", "2\r", {}, "" }
    assert.truthy(plain('; what helps: take text:match "^%s*(.-)%s*$"; '
      .. "every id has one: skip a header line)")(message), message)
    assert.equal(1, select(2, message:gsub("what helps", "")))
  end)

  it("also where a function never ends and gives nothing else", function()
    assert.truthy(plain "; and 999995 more"(raised_for(function() return {} end)))
  end)
end)

describe("an iterator raises:", function()
  local function first_then(...)
    local values, count, calls = { ... }, select("#", ...), 0
    return function()
      calls = calls + 1
      if calls == 1 then return "1" end
      if calls == 2 then
        return (table.unpack or unpack)(values, 1, count) -- luacheck: ignore unpack
      end
    end
  end

  local cases = {
    { "one that returns a position, too", first_then(2, "528"), 'ids[2]: the iterator returns '
      .. 'several values at once, 2 and "528"; what helps: a function that returns the id alone' },
    { "one that returns a count behind", first_then(("528\r"):gsub("\r", "")),
      'several values at once, "528" and 1' },
    { "one that returns a table behind", first_then("2", nil, {}),
      'several values at once, "2" and table' },
    { "pairs(t)", (pairs { "1" }), "got what pairs returns; what helps: give the table itself" },
    { "ipairs(t)", (ipairs { "1" }), "got what ipairs returns; what helps: give the table itself" },
  }
  for _, case in ipairs(cases) do
    it(case[1], function()
      local message = raised_for(case[2])
      assert.truthy(plain(case[3])(message), message)
    end)
  end

  it("but not one with nil behind its ids, or with anything behind the nil at its end", function()
    local options, log = service.options(service.success)
    assert(geelark.delete(first_then("2", nil, nil), options))
    local calls = 0
    assert(geelark.delete(function()
      calls = calls + 1
      if calls == 1 then return "3" end
      return nil, "closed", ""
    end, options))
    assert.same({ "1", "2", "3" }, asked(log))
  end)
end)

describe("a table that is no array raises:", function()
  local cases = {
    { "a hole", { "1", nil, "3" }, "ids[2]: string expected, got nil" },
    { "a hole behind the first", (function() local t = {} t[1], t[5] = "1", "5" return t end)(),
      "ids[2]: string expected, got nil" },
    { "a hole far in", (function() local t = service.ids(300) t[150] = nil return t end)(),
      "ids[150]: string expected, got nil" },
    { "a map", { a = "1" }, 'the key "a"' },
    { "ids handed over by their name", { ids = { "1" } },
      'the key "ids"; what helps: give the array itself' },
    { "an array with a name besides", { "1", "2", n = 2 }, 'the key "n"' },
    { "a position 0", { [0] = "0", "1" }, "ids[0]: a position outside the array" },
    { "a fraction as position", { "1", [1.5] = "2" }, "a position outside the array" },
    { "a negative position", { "1", [-1] = "2" }, "a position outside the array" },
    { "a key that is a table", { "1", [{}] = "2" }, "a key that is a table" },
    { "a proxy", setmetatable({}, { __len = function() return 3 end }), "got an object" },
    { "a callable table that holds nothing", setmetatable({}, { __call = function() end }),
      "got an object with __call; what helps: an array, or a function that returns one id a call" },
    { "a proxy by __index", setmetatable({}, { __index = function() return "1" end }),
      "got an object" },
    { "a name of a file", "ids.txt", "array of ids or iterator expected, got string \"ids.txt\"; "
      .. 'what helps: io.lines("ids.txt") where it names a file' },
    { "an id alone", "528", 'got string "528"; what helps: a list of it, { "528" }' },
    { "a file", io.stdout,
      "array of ids or iterator expected, got a file; what helps: file:lines()" },
    { "a coroutine", coroutine.create(function() end), "got thread; what helps: coroutine.wrap" },
    { "a number", 1, "array of ids or iterator expected, got number" },
    { "nothing", nil, "array of ids or iterator expected, got nil; what helps" },
  }
  for _, case in ipairs(cases) do
    it(case[1], function()
      local message = raised_for(case[2])
      assert.truthy(plain(case[3])(message), message)
    end)
  end
end)

-- Long lists are checked by a shorter way, which must not overlook a key.
describe("a long table that is no array raises:", function()
  local function from_text(first, last, more)
    local parts = { more }
    for i = first, last do parts[#parts + 1] = ('[%d]="%d"'):format(i, 100000 + i) end
    return assert((loadstring or load)("return {" .. table.concat(parts, ",") .. "}"))() -- luacheck: ignore
  end

  it("one that begins at 0", function()
    local ids = service.ids(400)
    ids[0] = "0"
    assert.truthy(plain "a position outside the array"(raised_for(ids)))
  end)

  it("one that was read from a file with its keys, begins at 0 and was cut", function()
    local ids = from_text(0, 600)
    for i = 600, 301, -1 do ids[i] = nil end
    assert.truthy(plain "a position outside the array"(raised_for(ids)))
  end)

  it("one that had names, grew, and had a place beyond its end for a while", function()
    local ids = { a = 1, b = 2, c = 3 }
    for i = 1, 1025 do ids[i] = tostring(100000 + i) end
    ids.a, ids.b, ids.c = nil, nil, nil
    ids[2048] = "x1"
    ids.other = "y1"
    ids[2048] = nil
    assert.truthy(plain 'the key "other"'(raised_for(ids)))
  end)
end)

describe("a list of ids", function()
  it("built in any order is read in the order of its positions", function()
    local ids, shuffled = service.ids(37), {}
    for i = #ids, 1, -1 do shuffled[i] = ids[i] end
    local options, log = service.options(service.success)
    assert(geelark.delete(shuffled, options))
    assert.same(ids, asked(log))
  end)

  it("may come from an iterator, as io.lines gives it", function()
    local folder = temporary.new()
    local path = folder:write("ids.txt", table.concat(service.ids(150), "\n") .. "\n")
    local options, log = service.options(service.success)
    local result = assert(geelark.delete(io.lines(path), options))
    folder:remove()
    assert.equal(150, result.successAmount)
    assert.same(service.ids(150), asked(log))
  end)

  it("is read to the end of an iterator before anything is sent", function()
    local options, log = service.options(service.success)
    local i = 0
    local function iterator()
      i = i + 1
      assert.equal(0, #log)
      if i <= 250 then return ("id%d"):format(i) end
    end
    assert.equal(250, assert(geelark.delete(iterator, options)).successAmount)
  end)

  it("passes on what an iterator raises, and sends nothing", function()
    assert.truthy(raised_for(function() error "no more" end):find "no more")
  end)

  it("is a list also where it can be called", function()
    local options, log = service.options(service.success)
    local ids = setmetatable({ "1", "2" }, { __call = function() return "3" end })
    assert(geelark.delete(ids, options))
    assert.same({ "1", "2" }, asked(log))
  end)

  it("may come from a coroutine", function()
    local options, log = service.options(service.success)
    assert(geelark.delete(coroutine.wrap(function()
      coroutine.yield "1"
      coroutine.yield "2"
    end), options))
    assert.same({ "1", "2" }, asked(log))
  end)

  it("harms nothing where its iterator closes the client", function()
    local client = assert(geelark.new((service.options(service.success))))
    assert.has_error(function()
      client:delete(function() client:close() return nil end)
    end, "this geelark client is closed")
  end)

  if has_integers then
    it("takes integers and writes them out exactly", function()
      local ids = { 528086321789535232, math.maxinteger, 7 }
      local options, log = service.options(function(request)
        return 200, service.envelope(40006, #request.ids,
          { service.failure("528086321789535232", 43009) })
      end)
      local result = assert(geelark.delete(ids, options))
      assert.equal('{"ids":["528086321789535232","9223372036854775807",'
        .. '"7"]}', log[1].body)
      assert.equal("integer", math.type(result.failDetails[1].id))
      assert.equal(528086321789535232, result.failDetails[1].id)
    end)

    it("takes an integer and its text for the same id", function()
      local options = service.options(service.success)
      assert.equal(1, assert(geelark.delete({ 12, "12" }, options)).duplicateAmount)
    end)
  end
end)

describe("geelark.check", function()
  it("raises what delete raises", function()
    for _, ids in ipairs { { "" }, { "1", {} }, { ids = {} }, "ids.txt", { "1", nil, "3" },
      (pairs {}), function() return 1, "2" end } do
      local ok, message = pcall(geelark.check, ids)
      assert.is_false(ok)
      assert.equal(raised_for(ids):match "%(.*", message:match "%(.*")
    end
  end)

  it("returns nothing for what delete takes", function()
    for _, ids in ipairs { {}, setmetatable({}, { __name = "list" }), service.ids(250),
      coroutine.wrap(function() end),
      has_integers and { 528086321789535232 } or { "528086321789535232" } } do
      assert.equal(0, select("#", geelark.check(ids)))
    end
  end)
end)
