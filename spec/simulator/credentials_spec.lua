-- Who may call the simulated service.

local credentials = require "geelark.simulator.credentials"
local requests = require "spec.support.requests"

describe("the simulator's credentials", function()
  local APP_ID, API_KEY = "eH6gQR4oHr3FsZpI36La01IW", "YjmFIUuq0oJgSDJ42fxLEb6R1qjjqf"
  local TRACE_ID, TS = "db6094ab-3797-4186-84d5-b0b58eebad56", "1716972892166"
  local SIGN = "6280C080AF7C3CCE168F15C913E3444A00A618CB0E16038EED9811D6E3366BDD"
  local NOW = 1716972892

  local function refusal(changes, now)
    local checker = credentials.new {
      token = "secret", app_id = APP_ID, api_key = API_KEY, clock_tolerance = 300,
    }
    local headers = {
      appid = APP_ID, traceid = TRACE_ID, ts = TS, nonce = "db6094", sign = SIGN,
    }
    for name, value in pairs(changes) do headers[name] = value or nil end
    return checker:refusal(headers, now or NOW)
  end

  it("accept the documented signature", function()
    assert.equal(SIGN, credentials.sign(APP_ID, TRACE_ID, TS, "db6094", API_KEY))
    assert.is_nil(refusal {})
  end)

  local refused = {
    { "no traceId", { traceid = false }, 40002, "traceId missing" },
    { "an empty traceId", { traceid = "" }, 40002, "traceId missing" },
    { "another app", { appid = "other" }, 40003, "appId refused" },
    { "no ts", { ts = false }, 40003, "ts is no number of milliseconds" },
    { "a ts in seconds", { ts = "1716972892" }, 40003, "ts is not near the present" },
    { "a foreign nonce", { nonce = "db6095" }, 40003,
      "nonce is not the start of traceId" },
    { "a signature in lower case", { sign = SIGN:lower() }, 40003, "signature refused" },
    { "a signature of other values", { ts = "1716972892167" }, 40003,
      "signature refused" },
    { "a wrong token", { authorization = "Bearer secre" }, 40003, "token refused" },
    { "a token without Bearer", { authorization = "secret" }, 40003, "token refused" },
  }
  for _, row in ipairs(refused) do
    it("refuse " .. row[1], function()
      local code, why = refusal(row[2])
      assert.equal(row[3], code)
      assert.equal(row[4], why)
    end)
  end

  it("accept a token without a signature", function()
    assert.is_nil(refusal { authorization = "Bearer secret", sign = false, ts = false })
  end)

  local traces = {
    { "a UUID with dashes", "0B44EA43-52CF-4E5B-A4B4-1F29A09FC15B" },
    { "32 digits in upper case", "0B44EA4352CF4E5BA4B41F29A09FC15B" },
    { "32 digits in lower case", "0b44ea4352cf4e5ba4b41f29a09fc15b" },
    { "a word", "x" },
  }
  for _, row in ipairs(traces) do
    it("take as traceId " .. row[1], function()
      assert.is_nil(refusal { authorization = "Bearer secret", traceid = row[2] })
    end)
  end

  it("allow for a clock that is off by the tolerance and no more", function()
    assert.is_nil(refusal({}, NOW + 299))
    assert.is_nil(refusal({}, NOW - 299))
    assert.equal(40003, (refusal({}, NOW + 301)))
    assert.equal(40003, (refusal({}, NOW - 301)))
  end)

  it("refuse a traceId that was seen before, whatever became of it", function()
    local checker = credentials.new { token = "secret", clock_tolerance = 300 }
    local good = { authorization = "Bearer secret", traceid = TRACE_ID }
    assert.equal(40003, (checker:refusal({ traceid = TRACE_ID }, NOW)))
    local code, why = checker:refusal(good, NOW)
    assert.equal(40003, code)
    assert.equal("traceId was used before", why)
  end)

  it("accept nothing where nothing was agreed upon", function()
    local checker = credentials.new { clock_tolerance = 300 }
    local code = checker:refusal({ traceid = requests.uuid(), authorization = "Bearer " }, NOW)
    assert.equal(40003, code)
    assert.equal(40003, (checker:refusal({ traceid = requests.uuid() }, NOW)))
  end)
end)
