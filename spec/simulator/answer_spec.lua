-- What the simulator writes, with the faults that lie in the text.

local answer = require "geelark.simulator.answer"
local json = require("cjson").new()

describe("the simulator's answer", function()
  local reply = {
    status = 200, code = 40006, msg = "partial success", traceId = "t",
    data = {
      totalAmount = 3, successAmount = 1, failAmount = 2,
      failDetails = {
        { code = 42001, id = "528086321789535233", msg = "env" },
        { code = 43021, id = "0123", msg = "云" },
      },
    },
  }
  local START = '{"traceId":"t","code":40006,"msg":"partial success","data":'
  local AMOUNTS = '{"totalAmount":3,"successAmount":1,"failAmount":2'
  local rows = {
    { "the plain answer", {}, START .. AMOUNTS
      .. ',"failDetails":[{"code":42001,"id":"528086321789535233","msg":"env"},'
      .. '{"code":43021,"id":"0123","msg":"云"}]}}' },
    { "integer ids, digit for digit", { integer_ids = true }, START .. AMOUNTS
      .. ',"failDetails":[{"code":42001,"id":528086321789535233,"msg":"env"},'
      .. '{"code":43021,"id":"0123","msg":"云"}]}}' },
    { "numbers as strings", { string_numbers = true },
      '{"traceId":"t","code":"40006","msg":"partial success","data":'
      .. '{"totalAmount":"3","successAmount":"1","failAmount":"2"'
      .. ',"failDetails":[{"code":"42001","id":"528086321789535233","msg":"env"},'
      .. '{"code":"43021","id":"0123","msg":"云"}]}}' },
    { "no failDetails", { fail_details = "absent" }, START .. AMOUNTS .. "}}" },
    { "null failDetails", { fail_details = "null" },
      START .. AMOUNTS .. ',"failDetails":null}}' },
    { "empty failDetails", { fail_details = "empty" },
      START .. AMOUNTS .. ',"failDetails":[]}}' },
    { "a stranger", { fail_details = "empty", stranger = "9" }, START .. AMOUNTS
      .. ',"failDetails":[{"code":42001,"id":"9","msg":"env not found"}]}}' },
    { "wrong amounts", { fail_details = "empty", amounts = { successAmount = 7 } }, START
      .. '{"totalAmount":3,"successAmount":7,"failAmount":2,"failDetails":[]}}' },
    { "another code", { code = 0, msg = "成功", fail_details = "absent" },
      '{"traceId":"t","code":0,"msg":"成功","data":' .. AMOUNTS .. "}}" },
    { "another body", { body = "<html>" }, "<html>" },
    { "an empty body under a status", { status = 524 }, "" },
  }
  for _, row in ipairs(rows) do
    it("writes " .. row[1], function()
      assert.equal(row[3], answer.response(reply, row[2]).body)
    end)
  end

  it("fills a body up to a size, and it stays JSON", function()
    local body = answer.response(reply, { huge = 100000 }).body
    assert.equal(100000, #body)
    assert.equal(40006, json.decode(body).code)
  end)

  it("takes status and headers from the fault", function()
    local response = answer.response(reply, { status = 429, headers = { ["Retry-After"] = "7" } })
    assert.same({ status = 429, body = "",
      headers = { ["Content-Type"] = "text/plain", ["Retry-After"] = "7" } }, response)
  end)
end)
