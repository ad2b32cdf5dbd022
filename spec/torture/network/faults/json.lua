-- Sound HTTP around a body that isn't the answer it should be: broken JSON, wrong amounts, wrong ids.

local rows = require "spec.torture.network.faults.rows"
local answer, body, point = rows.answer, rows.body, rows.point

local CUTS = 25

-- A body that `make(before, byte, behind)` makes of the honest one, taken apart at the cut.
local function at_cut(make)
  return body(function(text, _, cut)
    local at = point(#text, cut, CUTS)
    return make(text:sub(1, at - 1), text:sub(at, at), text:sub(at + 1))
  end)
end

-- Fields of the answer in other words; a function gets the field's own.
local function set(changes)
  return answer(function(made)
    for field, value in pairs(changes) do
      made[field] = type(value) == "function" and value(made[field]) or value
    end
  end)
end

local function add(n) return function(text) return ("%d"):format(tonumber(text) + n) end end

local function suffix(text) return function(value) return value .. text end end

local function quote(text) return '"' .. text .. '"' end

-- The first entry of failDetails, changed; to delete there is one in every answer.
local function first_detail(change)
  return answer(function(made, x)
    if made.details[1] then change(made.details[1], made, x) end
  end)
end

local function nested(depth) return ('{"a":'):rep(depth) .. "1" .. ("}"):rep(depth) end

local list = {
  { "JSON cut", cuts = CUTS, expect = "lost", does = body(function(text, _, cut)
    return text:sub(1, point(#text, cut, CUTS))
  end) },
  { "JSON without its beginning", cuts = CUTS, expect = "lost", does = body(function(text, _, cut)
    return text:sub(1 + point(#text, cut, CUTS))
  end) },
  { "NUL in JSON", cuts = CUTS, expect = "lost", does = at_cut(function(before, _, behind)
    return before .. "\0" .. behind
  end) },
  { "a byte of JSON is missing", cuts = CUTS, expect = "open", codes = true,
    does = at_cut(function(before, _, behind) return before .. behind end) },
  { "a byte of JSON twice", cuts = CUTS, expect = "open", codes = true,
    does = at_cut(function(before, byte, behind) return before .. byte .. byte .. behind end) },
  { "a quote in JSON", cuts = CUTS, expect = "lost",
    does = at_cut(function(before, byte, behind) return before .. byte .. '"' .. behind end) },
  { "a brace in JSON", cuts = CUTS, expect = "open",
    does = at_cut(function(before, byte, behind) return before .. byte .. "}" .. behind end) },
  { "byte 255 in JSON", cuts = CUTS, expect = "open", codes = true,
    does = at_cut(function(before, _, behind) return before .. "\255" .. behind end) },
  { "a byte order mark before JSON", expect = "open",
    does = body(function(text) return "\239\187\191" .. text end) },
  { "UTF-16", expect = "lost", does = body(function(text) return (text:gsub(".", "%0\0")) end) },
  { "NUL behind JSON", expect = "lost", does = body(function(text) return text .. "\0" end) },
  { "blanks around JSON", expect = "answer",
    does = body(function(text) return " \r\n\t" .. text .. "\r\n\r\n" end) },
  { "a megabyte of blanks behind JSON", expect = "answer",
    does = body(function(text) return text .. (" "):rep(1024 * 1024) end) },
  { "nine megabytes", expect = "lost",
    does = body(function(text) return text .. (" "):rep(9 * 1024 * 1024) end) },
  { "JSON twice", expect = "lost", does = body(function(text) return text .. text end) },
  { "words behind JSON", expect = "lost", does = body(function(text) return text .. " ok" end) },
  { "JSON in a list", expect = "lost", does = body(function(text) return "[" .. text .. "]" end) },
  { "JSON in a string", expect = "lost",
    does = body(function(text) return quote(text:gsub('"', '\\"')) end) },
  { "single quotes", expect = "lost",
    does = body(function(text) return (text:gsub('"', "'")) end) },
  { "a comma too many", expect = "lost",
    does = body(function(text) return (text:gsub("}$", ",}")) end) },
  { "a comment in JSON", expect = "lost", does = body(function(text) return "/* */" .. text end) },
  { "nothing", expect = "lost", does = body(function() return "" end) },
  { "null", expect = "lost", does = body(function() return "null" end) },
  { "an empty object", expect = "lost", does = body(function() return "{}" end) },
  { "a number", expect = "lost", does = body(function() return "0" end) },
  { "HTML", expect = "lost", does = body(function() return "<html>It works!</html>" end) },
  { "100 levels", expect = "lost", does = set { data = nested(100) } },
  { "100,000 levels", expect = "lost", does = body(function() return ("["):rep(100000) end) },
  { "100,000 objects deep", expect = "lost", does = set { data = nested(100000) } },
  { "a key that has 100,000 bytes", expect = "answer",
    does = body(function(text) return '{"' .. ("k"):rep(100000) .. '":1,' .. text:sub(2) end) },
  { "10,000 keys", expect = "answer", does = body(function(text)
    local keys = {}
    for i = 1, 10000 do keys[i] = ('"k%d":%d,'):format(i, i) end
    return (text:gsub("^{", "{" .. table.concat(keys)))
  end) },

  { "no code", expect = "lost", does = set { code = false } },
  { "code null", expect = "lost", does = set { code = "null" } },
  { "code true", expect = "lost", does = set { code = "true" } },
  { "code a list", expect = "lost", does = set { code = "[0]" } },
  { "code a word", expect = "lost", does = set { code = '"ok"' } },
  { "code 0.5", expect = "lost", does = set { code = "0.5" } },
  { "code NaN", expect = "lost", does = set { code = "NaN" } },
  { "code hexadecimal", expect = "lost", does = set { code = "0x0" } },
  { "code 00", expect = "lost", does = set { code = "00" } },
  { "code beyond 32 bits", expect = "lost", does = set { code = "4294967296" } },
  { "code 1e400", expect = "lost", does = set { code = "1e400" } },
  { "code in a string", expect = "answer", does = set { code = '"0"' } },
  { "code 0.0", expect = "answer", does = set { code = "0.0" } },
  { "code -0", expect = "open", does = set { code = "-0" } },
  { "code 0e5", expect = "answer", does = set { code = "0e5" } },
  { "code twice, the last one lost", expect = "lost", does = set { code = '0,"code":50000' } },
  { "msg null", expect = "answer", does = set { msg = "null" } },
  { "msg a number", expect = "answer", does = set { msg = "528086321789535232" } },
  { "msg of 100,000 bytes", expect = "answer", does = set { msg = quote(("m"):rep(100000)) } },
  { "msg with escapes", expect = "answer",
    does = set { msg = '"\\u0000\\ud83d\\ude00\\n\\"{}[]\\\\"' } },
  { "msg with half a surrogate", expect = "open", does = set { msg = '"\\ud83d"' } },
  { "msg with bytes that aren't UTF-8", expect = "answer", does = set { msg = '"\255\254\192"' } },
  { "no data", expect = "lost", does = set { data = "null" } },
  { "data a string", expect = "lost", does = set { data = '"done"' } },
  { "data a list", expect = "lost", does = set { data = "[1,2]" } },

  { "one success too many", expect = "lost", does = set { success = add(1) } },
  { "one success too few", expect = "lost", does = set { success = add(-1) } },
  { "a total too large", expect = "lost", does = set { total = add(1) } },
  { "a total too small", expect = "lost", does = set { total = add(-1) } },
  { "one failure too many", expect = "lost", does = set { fail = add(1) } },
  { "one success too many, one failure too few", expect = "lost",
    does = set { success = add(1), fail = add(-1) } },
  { "all succeeded, some are named", expect = "lost", does = answer(function(made)
    made.success, made.fail = made.total, "0"
  end) },
  { "all amounts 0", expect = "lost", does = set { total = "0", success = "0", fail = "0" } },
  { "amounts below 0", expect = "lost", does = answer(function(made)
    made.success, made.fail = "-1", tostring(tonumber(made.total) + 1)
  end) },
  { "amounts with a half", expect = "lost", does = set { success = suffix ".5" } },
  { "amounts of 1e300", expect = "lost", does = set { success = "1e300", total = "1e300" } },
  { "amounts of 2^64 more", expect = "lost", does = set { success = "18446744073709551617" } },
  { "amounts in strings", expect = "answer",
    does = set { total = quote, success = quote, fail = quote } },
  { "amounts with .0", expect = "answer",
    does = set { total = suffix ".0", success = suffix ".0", fail = suffix ".0" } },
  { "amounts null", expect = "lost", does = set { total = "null", success = "null" } },
  { "amounts missing", expect = "lost", does = set { success = false } },
  { "amounts twice, the last ones wrong", expect = "lost",
    does = set { fail = suffix ',"totalAmount":99999' } },
  { "amounts of an answer to nobody", expect = "lost", does = answer(function(made)
    made.total, made.success, made.fail, made.details = "1000", "1000", "0", {}
  end) },

  { "failDetails missing", expect = "lost", does = set { details = false } },
  { "failDetails null", expect = "lost", does = set { details = "null" } },
  { "failDetails a string", expect = "lost", does = set { details = '"some"' } },
  { "failDetails an object", expect = "lost", does = answer(function(made)
    made.details = '{"1":' .. require("spec.torture.network.answer").details(made) .. "}"
  end) },
  { "failDetails of nulls", expect = "lost", does = answer(function(made)
    for i in ipairs(made.details) do made.details[i] = "null" end
  end) },
  { "failDetails of bare ids", expect = "lost", does = answer(function(made)
    for i, detail in ipairs(made.details) do made.details[i] = detail.id end
  end) },
  { "failDetails of 2,000", expect = "lost", does = answer(function(made)
    for i = 1, 2000 do made.details[i] = made.details[1] end
  end) },
  { "an entry too few", expect = "lost", does = answer(function(made)
    table.remove(made.details)
  end) },
  { "a stranger is named besides", expect = "lost", does = answer(function(made)
    table.insert(made.details, { code = "43009", id = '"520000000000000000"', msg = '""' })
  end) },
  { "a stranger is named instead", expect = "lost",
    does = first_detail(function(detail) detail.id = '"520000000000000001"' end) },
  { "an id twice", expect = "lost", does = first_detail(function(detail, made)
    table.insert(made.details, detail)
  end) },
  { "an id twice, amounts to match", expect = "lost", does = first_detail(function(detail, made)
    table.insert(made.details, detail)
    made.fail, made.success = add(1)(made.fail), add(-1)(made.success)
  end) },
  { "an id of another request", expect = "lost", chunks = 2,
    does = first_detail(function(detail, _, x)
      local ids = x.server.world.ids
      detail.id = quote(ids[1] == x.ids[1] and ids[#ids] or ids[1])
    end) },
  { "ids as numbers", expect = "answer", does = answer(function(made)
    for _, detail in ipairs(made.details) do detail.id = detail.id:sub(2, -2) end
  end) },
  { "ids through a double", expect = "lost", does = first_detail(function(detail)
    detail.id = ("%.17e"):format(tonumber((detail.id:sub(2, -2))))
  end) },
  { "ids with .0", expect = "lost", does = first_detail(function(detail)
    detail.id = detail.id:sub(2, -2) .. ".0"
  end) },
  { "an id with a blank", expect = "lost", does = first_detail(function(detail)
    detail.id = detail.id:gsub('"$', ' "')
  end) },
  { "an id cut by one digit", expect = "lost", does = first_detail(function(detail)
    detail.id = detail.id:gsub('%d"$', '"')
  end) },
  { "an id in escapes", expect = "answer", does = first_detail(function(detail)
    detail.id = detail.id:gsub("%d", "\\u003%0")
  end) },
  { "an id null", expect = "lost",
    does = first_detail(function(detail) detail.id = "null" end) },
  { "an id in a list", expect = "lost",
    does = first_detail(function(detail) detail.id = "[" .. detail.id .. "]" end) },
  { "an entry without a code", expect = "lost",
    does = first_detail(function(detail) detail.code = "null" end) },
  { "an entry with code 0", expect = "lost",
    does = first_detail(function(detail) detail.code = "0" end) },
  { "an entry with a code that isn't known", expect = "answer", codes = { [98765] = true },
    does = first_detail(function(detail) detail.code = "98765" end) },
  { "codes in strings", expect = "answer",
    does = first_detail(function(detail) detail.code = quote(detail.code) end) },

  { "the traceId of an earlier request", expect = "lost", later = true, alone = true,
    does = answer(function(made, x)
      made.trace_id = quote(x.server.log[x.entry.number - 1].trace_id)
    end) },
  { "the traceId of the first request", expect = "lost", later = true, alone = true,
    does = answer(function(made, x) made.trace_id = quote(x.server.log[1].trace_id) end) },
  { "no traceId", expect = "answer", does = set { trace_id = false } },
  { "a traceId of nobody's", expect = "answer", does = set { trace_id = '"ABCDEF"' } },
  { "a traceId that is a number", expect = "answer", does = set { trace_id = "1" } },
}

for _, row in ipairs(list) do row.obeys = true end
return list
