-- From the body of an answer to what it says: exact, and strict about what is JSON.

local geelark = require "geelark"
local service = require "spec.support.service"

local function deleted(ids, body, more)
  local options, log = service.options({ { 200, body }, { 200, "{" } }, { attempts = 1 })
  for name, value in pairs(more or {}) do options[name] = value end
  local result, err = geelark.delete(ids, options)
  return result, err, log
end

local function no_floats(value, path)
  if type(value) == "table" then
    for key, inner in pairs(value) do
      if key ~= "seconds" then no_floats(inner, path .. "." .. tostring(key)) end
    end
  elseif type(value) == "number" and math.type then
    assert.equal("integer", math.type(value), path)
  end
end

describe("an answer", function()
  local two = service.ids(2)
  local failure = service.failure(two[2], 43009, "env is started")

  local complete = {
    { "with failDetails null", service.envelope(0, 2, {}):gsub("%[%]", "null") },
    { "with failDetails absent", (service.envelope(0, 2, {}):gsub(',"failDetails":%[%]', "")) },
    { "with failDetails empty", service.envelope(0, 2, {}) },
    { "with amounts as strings",
      (service.envelope(0, 2, {}):gsub('Amount":(%d+)', 'Amount":"%1"')) },
    { "with the code as a string", service.envelope('"0"', 2, {}) },
    { "with white space around", " \r\n\t" .. service.envelope(0, 2, {}) .. "\n" },
  }
  for _, case in ipairs(complete) do
    it(case[1] .. " deletes all", function()
      local result = assert(deleted(two, case[2]))
      assert.equal(2, result.successAmount)
      no_floats(result, "result")
    end)
  end

  local partial = {
    { "with code 0", service.envelope(0, 2, { failure }) },
    { "with code 40006", service.envelope(40006, 2, { failure }) },
    { "with the failure's code as a string",
      service.envelope(40006, 2, { (failure:gsub("43009", '"43009"')) }) },
    { "with the id as an integer",
      service.envelope(40006, 2, { (failure:gsub('"(%d+)"', "%1")) }) },
    { "with the id as an integer and spaces",
      service.envelope(40006, 2, { (failure:gsub('"id":"(%d+)"', '"id" : \t%1 ')) }) },
  }
  for _, case in ipairs(partial) do
    it(case[1] .. " fails the id that it names", function()
      local result = assert(deleted(two, case[2]))
      assert.equal(1, result.successAmount)
      assert.equal(1, result.failAmount)
      assert.same({ { id = two[2], code = 43009, msg = "env is started" } }, result.failDetails)
      no_floats(result, "result")
    end)
  end

  it("with 40009 fails all, each with its own code", function()
    local result = assert(deleted(two, service.envelope(40009, 2,
      { service.failure(two[1], 43009), service.failure(two[2], 42001) })))
    assert.equal(0, result.successAmount)
    assert.equal(43009, result.failDetails[1].code)
    assert.equal(42001, result.failDetails[2].code)
  end)

  it("tells neighbours of 18 digits apart that a double rounds together", function()
    local ids = { "528086321789535232", "528086321789535233", "528086321789535234" }
    local result = assert(deleted(ids, service.envelope(40006, 3,
      { '{"code":43009,"id":528086321789535233,"msg":"m"}' })))
    assert.equal("528086321789535233", result.failDetails[1].id)
    assert.equal(2, result.successAmount)
  end)

  for name, id in pairs { ["a point"] = "528086321789535233.0", ["an exponent"] = "5280863E11",
    ["a sign"] = "-528086321789535233", ["a fraction"] = "528086321789535233.5",
    ["a capital exponent"] = "528086321789535233E0" } do
    it("names nobody by a number with " .. name, function()
      local ids = { "528086321789535233", "528086300000000000" }
      local result, err = deleted(ids, service.envelope(40006, 2,
        { ('{"code":43009,"id":%s,"msg":"m"}'):format(id) }))
      assert.is_nil(result)
      assert.same(ids, err.result.unknownIds)
    end)
  end

  it("finds bare numbers behind strings that end with a backslash, and in any layout", function()
    local ids = { "528086321789535232", "528086321789535233" }
    local result = assert(deleted(ids, service.envelope(40006, 2, {
      '{"msg":"a\\\\","id"\n:\r\n528086321789535233\t,"code":43009,"12345678901234567890":[1]}' })))
    assert.same({ { id = ids[2], code = 43009, msg = "a\\" } }, result.failDetails)
  end)

  it("leaves digits inside strings alone", function()
    local result = assert(deleted(two, service.envelope(40006, 2,
      { service.failure(two[1], 43009, 'say \\"1234567890123456789\\", 12345678901234567') })))
    assert.equal('say "1234567890123456789", 12345678901234567', result.failDetails[1].msg)
  end)

  it("may write any character as an escape", function()
    local result = assert(deleted({ "A-1" }, service.envelope(40006, 1, {
      [[{"c\u006fde":43021,"id":"\u0041\u002d1",]]
        .. [["msg":"\"\\\/\b\f\n\r\t\u00e9\u4E91\ud83d\ude00."}]] })))
    assert.same({ { id = "A-1", code = 43021, msg = '"\\/\b\f\n\r\té云😀.' } }, result.failDetails)
  end)

  it("may hold what nobody knows, and names in any order", function()
    local result = assert(deleted(two, '{"extra":{"a":[1,{"b":[]},"x\\"]"],"c":-1.5e+3},"data":'
      .. '{"failDetails":[{"why":[null,true],"msg":"m","id":"' .. two[1] .. '","code":43009}],'
      .. '"failAmount":1,"list":[[],{}],"successAmount":1,"totalAmount":2},"code":40006}'))
    assert.same({ { id = two[1], code = 43009, msg = "m" } }, result.failDetails)
  end)

  it("may nest as deep as 60", function()
    local deep = ("["):rep(60) .. ("]"):rep(60)
    assert(deleted(two, (service.envelope(0, 2, {}):gsub("^{", '{"deep":' .. deep .. ","))))
  end)

  it("may write a code with a fraction of zeros", function()
    local result = assert(deleted({ "123" }, service.envelope("40006.0", 1,
      { '{"code":43009.00,"id":"123","msg":""}' })))
    assert.equal(43009, result.failDetails[1].code)
    no_floats(result, "result")
  end)

  it("tells integers in events and errs, too", function()
    local events, body = {}, service.envelope('"40006"', 2, { (failure:gsub("43009", "43009.0")) })
    assert(deleted(two, body, { on_event = function(event) events[#events + 1] = event end }))
    no_floats(events, "events")
    local _, err = deleted(two, '{"code":"40014","msg":"locked"}')
    assert.equal(40014, err.code)
    no_floats(err, "err")
  end)

  it("may say null where it has nothing to say", function()
    local result = assert(deleted(two, (service.envelope(40006, 2,
      { (failure:gsub('"env is started"', "null")) }):gsub('"msg":"msg"', '"msg":null'))))
    assert.same({ { id = two[2], code = 43009, msg = "" } }, result.failDetails)
    assert(deleted(two, (service.envelope(0, 2, {}):gsub('"t"', "null"))))
  end)

  it("counts the last of names that come twice", function()
    local result = assert(deleted(two, (service.envelope(0, 2, {}):gsub("^{",
      '{"code":40003,"data":{"failDetails":[{"id":"1","code":1}],"totalAmount":9},'))))
    assert.equal(2, result.successAmount)
  end)

  it("may be of nearly 8 MiB, whatever it is full of", function()
    for _, filling in ipairs { '"' .. ("x"):rep(8e6) .. '"', '"' .. ("\\n"):rep(4e6) .. '"',
      ("7"):rep(8e6), "[" .. ("1,"):rep(2e6) .. "1]", (" "):rep(8e6) .. "1" } do
      assert(deleted(two, (service.envelope(0, 2, {}):gsub("^{", '{"a":' .. filling .. ","))))
    end
  end)

  it("may name one id 100,000 times: nobody is deleted", function()
    local details = {}
    for i = 1, 1e5 do details[i] = failure end
    local _, err = deleted(two, service.envelope(40006, 2, details))
    assert.equal(0, err.result.successAmount)
  end)

  it("may speak Chinese", function()
    local result = assert(deleted(two, service.envelope(40006, 2,
      { service.failure(two[1], 43021, "云手机使用中") })))
    assert.equal("云手机使用中", result.failDetails[1].msg)
  end)
end)

describe("an answer that is not the service's is a lost one:", function()
  local deep = ("["):rep(100000) .. ("]"):rep(100000)
  local cases = {
    { "nothing", "" },
    { "text", "<html>502</html>" },
    { "a cut object", service.envelope(0, 1, {}):sub(1, 60) },
    { "an object and more", service.envelope(0, 1, {}) .. "x" },
    { "an object and another", service.envelope(0, 1, {}):rep(2) },
    { "a comma too many", (service.envelope(0, 1, {}):gsub("}}$", "},}")) },
    { "a comma too few", (service.envelope(0, 1, {}):gsub(',"data"', ' "data"')) },
    { "a comma first", (service.envelope(0, 1, {}):gsub("^{", "{,")) },
    { "a name without quotes", (service.envelope(0, 1, {}):gsub('"data"', "data")) },
    { "a name without a value", (service.envelope(0, 1, {}):gsub("}$", ',"a"}')) },
    { "a list that ends as an object", (service.envelope(0, 1, {}):gsub("%[%]", "[}")) },
    { "a number with a plus", (service.envelope(0, 1, {}):gsub("^{", '{"a":+1,')) },
    { "a number with a zero in front", (service.envelope(0, 1, {}):gsub("^{", '{"a":01,')) },
    { "a number that ends with a point", (service.envelope(0, 1, {}):gsub("^{", '{"a":1.,')) },
    { "a number that begins with a point", (service.envelope(0, 1, {}):gsub("^{", '{"a":.5,')) },
    { "a number without its exponent", (service.envelope(0, 1, {}):gsub("^{", '{"a":1e,')) },
    { "a minus alone", (service.envelope(0, 1, {}):gsub("^{", '{"a":-,')) },
    { "a word cut", (service.envelope(0, 1, {}):gsub("^{", '{"a":nul,')) },
    { "an escape that is none", (service.envelope(0, 1, {}):gsub("^{", '{"a":"\\x",')) },
    { "an escape cut", '{"code":0,"msg":"\\' },
    { "three hexadecimal digits", (service.envelope(0, 1, {}):gsub("^{", '{"a":"\\u12g4",')) },
    { "half a surrogate", (service.envelope(0, 1, {}):gsub("^{", '{"a":"\\ud83d",')) },
    { "the wrong half", (service.envelope(0, 1, {}):gsub("^{", '{"a":"\\ude00",')) },
    { "two first halves", (service.envelope(0, 1, {}):gsub("^{", '{"a":"\\ud83d\\ud83d",')) },
    { "a zero byte", (service.envelope(0, 1, {}):gsub("^{", "{\0")) },
    { "a comment", "/* */" .. service.envelope(0, 1, {}) },
    { "65 levels", (service.envelope(0, 1, {}):gsub("^{", '{"a":' .. ("["):rep(65) .. ("]"):rep(65)
      .. ",")) },
    { "an object, a zero byte and more", service.envelope(0, 1, {}) .. "\0x" },
    { "NaN somewhere", (service.envelope(0, 1, {}):gsub("^{", '{"a":NaN,')) },
    { "nan in small letters", (service.envelope(0, 1, {}):gsub("^{", '{"a":nan,')) },
    { "Infinity somewhere", (service.envelope(0, 1, {}):gsub("^{", '{"a":Infinity,')) },
    { "minus infinity", (service.envelope(0, 1, {}):gsub("^{", '{"a":-inf,')) },
    { "hexadecimal somewhere", (service.envelope(0, 1, {}):gsub("^{", '{"a":0x1F,')) },
    { "an amount in hexadecimal", (service.envelope(0, 1, {}):gsub('Amount":1', 'Amount":0x1')) },
    { "an amount in hexadecimal as a string",
      (service.envelope(0, 1, {}):gsub('Amount":1', 'Amount":"0x1"')) },
    { "a code of 17 digits and more", (service.envelope(0, 1, {}):gsub('"code":0',
      '"code":18446744073709551616')) },
    { "an id that is an object",
      service.envelope(40006, 1, { '{"code":43009,"id":{"a":1},"msg":""}' }) },
    { "an id with a fraction", service.envelope(40006, 1, { '{"code":43009,"id":1.5,"msg":""}' }) },
    { "an array", "[0]" },
    { "a string", '"ok"' },
    { "a number", "0" },
    { "null", "null" },
    { "an object without code", '{"msg":"ok"}' },
    { "code null", '{"code":null}' },
    { "a code with a fraction", '{"code":0.5,"data":{}}' },
    { "a huge code", '{"code":1e300}' },
    { "NaN", '{"code":NaN}' },
    { "hexadecimal", '{"code":0x0}' },
    { "a code that is a table", '{"code":{}}' },
    { "deep nesting", deep },
    { "a deep envelope", '{"code":0,"data":' .. deep .. "}" },
    { "bytes", "\0\1\2\255\254" },
    { "invalid UTF-8", '{"code":"\255"}' },
    { "more than 8 MiB", '{"code":0,"msg":"' .. ("x"):rep(8 * 1024 * 1024) .. '"}' },
    { "data that is a list", '{"code":0,"data":[1,2]}' },
    { "amounts that are tables",
      '{"code":0,"data":{"totalAmount":{},"successAmount":1,"failAmount":0}}' },
    { "failDetails that is an object",
      (service.envelope(0, 1, {}):gsub("%[%]", '{"a":1}')) },
  }
  for _, case in ipairs(cases) do
    it(case[1], function()
      local result, err = deleted({ "1" }, case[2])
      assert.is_nil(result)
      assert.equal("protocol", err.kind)
      assert.same({ "1" }, err.result.unknownIds)
      assert.equal(0, err.result.successAmount)
      assert.is_nil(tostring(err):find("[%z\1-\31]"))
    end)
  end
end)
