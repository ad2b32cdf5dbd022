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

local bad_values = {
  { "an empty string", "", "empty string" },
  { "a space before", " 1", "surrounding white space" },
  { "a space behind", "1 ", "surrounding white space" },
  { "a tab", "1\t", "control character" },
  { "a line feed", "1\n", "control character" },
  { "a carriage return", "1\r", "control character" },
  { "a zero byte", "1\0002", "control character" },
  { "a delete character", "1\1272", "control character" },
  { "a C1 control character", "1\194\1332", "control character" },
  { "a no-break space behind", "1\194\160", "surrounding white space" },
  { "a byte order mark", "\239\187\1911", "surrounding white space" },
  { "an ideographic space", "\227\128\1281", "surrounding white space" },
  { "129 bytes", ("1"):rep(129), "longer than 128 bytes" },
  { "a lone continuation byte", "1\1282", "invalid UTF-8" },
  { "a cut character", "1\226\130", "invalid UTF-8" },
  { "an overlong form", "1\192\175", "invalid UTF-8" },
  { "a surrogate", "1\237\160\128", "invalid UTF-8" },
  { "a code point beyond Unicode", "1\244\144\128\128", "invalid UTF-8" },
  { "a float", 1.5, "string expected, got number" },
  { "an infinity", math.huge, "string expected, got number" },
  { "a NaN", 0 / 0, "string expected, got number" },
  { "a boolean", true, "string expected, got boolean" },
  { "false", false, "string expected, got boolean" },
  { "a table", { "1" }, "string expected, got table" },
  { "a function", print, "string expected, got function" },
}
if has_integers then
  bad_values[#bad_values + 1] = { "a float without a fraction", 2.0, "string expected, got number" }
else
  bad_values[#bad_values + 1] = { "any number", 12345, "string expected, got number" }
end

describe("a bad id raises before anything is sent:", function()
  for _, case in ipairs(bad_values) do
    local name, value, flaw = case[1], case[2], case[3]

    it(name .. ", in an array", function()
      local message = raised_for { "1", "2", value, "4" }
      assert.truthy(plain("ids[3]: " .. flaw)(message), message)
    end)

    it(name .. ", from an iterator", function()
      local list, i = { "1", "2", value }, 0
      local message = raised_for(function() i = i + 1 return list[i] end)
      assert.truthy(plain("ids[3]: " .. flaw)(message), message)
    end)
  end
end)

describe("a table that is no array raises:", function()
  local cases = {
    { "a hole", { "1", nil, "3" }, "ids[2]: string expected, got nil" },
    { "a hole far in", (function() local t = service.ids(300) t[150] = nil return t end)(),
      "ids[150]: string expected, got nil" },
    { "a map", { a = "1" }, 'the key "a"' },
    { "ids handed over by their name", { ids = { "1" } }, 'the key "ids"' },
    { "an array with a name besides", { "1", "2", n = 2 }, 'the key "n"' },
    { "a position 0", { [0] = "0", "1" }, "ids[0]: a position outside the array" },
    { "a fraction as position", { "1", [1.5] = "2" }, "a position outside the array" },
    { "a negative position", { "1", [-1] = "2" }, "a position outside the array" },
    { "a key that is a table", { "1", [{}] = "2" }, "a key that is a table" },
    { "a proxy", setmetatable({}, { __len = function() return 3 end }), "got an object" },
    { "a callable table", setmetatable({}, { __call = function() end }), "got an object" },
    { "a proxy by __index", setmetatable({}, { __index = function() return "1" end }),
      "got an object" },
    { "a string", "1", "array of ids or iterator expected, got string" },
    { "a number", 1, "array of ids or iterator expected, got number" },
    { "nothing", nil, "array of ids or iterator expected" },
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
    ids[2048] = "x"
    ids.other = "y"
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

  it("takes any valid text of up to 128 bytes and writes it as JSON", function()
    local ids = { "123456ABCDEF", 'quo"te', "back\\slash", "云手机", ("x"):rep(128), "a b",
      "9223372036854775807", "99999999999999999999", "0", "-1" }
    local options, log = service.options(service.success)
    assert(geelark.delete(ids, options))
    assert.same(ids, asked(log))
    assert.same(ids, require "cjson".decode(log[1].body).ids)
  end)

  if has_integers then
    it("takes integers and writes them out exactly", function()
      local ids = { 528086321789535232, math.maxinteger, math.mininteger, 0, -7 }
      local options, log = service.options(function(request)
        return 200, service.envelope(40006, #request.ids,
          { service.failure("528086321789535232", 43009) })
      end)
      local result = assert(geelark.delete(ids, options))
      assert.equal('{"ids":["528086321789535232","9223372036854775807",'
        .. '"-9223372036854775808","0","-7"]}', log[1].body)
      assert.equal("integer", math.type(result.failDetails[1].id))
      assert.equal(528086321789535232, result.failDetails[1].id)
    end)

    it("takes an integer and its text for the same id", function()
      local options = service.options(service.success)
      assert.equal(1, assert(geelark.delete({ 12, "12" }, options)).duplicateAmount)
    end)
  end
end)
