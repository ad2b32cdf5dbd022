-- The clients that there are, as they ask: each request is sent by curl with the headers and the
-- body that this client sends.

local json = require("cjson").new()
local credentials = require "geelark.simulator.credentials"
local requests = require "spec.support.requests"
local shell = require "spec.support.shell"
local simulator = require "geelark.simulator"

local TOKEN = "token-1"
local APP_ID, API_KEY = "eH6gQR4oHr3FsZpI36La01IW", "YjmFIUuq0oJgSDJ42fxLEb6R1qjjqf"

describe("served as it asks:", function()
  local service, ids

  before_each(function()
    shell.need("command -v curl", "curl")
    service = simulator.spawn { phones = 4, states = { started = 1 }, token = TOKEN,
      app_id = APP_ID, api_key = API_KEY }
    ids = service:ids()
  end)

  after_each(function() service:stop() end)

  -- What the service answers to this body at this path.
  local function curl(path, headers, body)
    local words = { "-sS", "-X", "POST", "-H", "Content-Type: application/json" }
    for name, value in pairs(headers) do
      words[#words + 1], words[#words + 2] = "-H", name .. ": " .. value
    end
    words[#words + 1], words[#words + 2] = "--data-binary", body
    words[#words + 1] = service.url .. path
    return json.decode(shell.run("curl" .. (" %s"):rep(#words), (table.unpack or unpack)(words))) -- luacheck: ignore unpack
  end

  local function digits() return (requests.uuid():gsub("-", "")) end

  local function bearer(trace_id)
    return { Authorization = "Bearer " .. TOKEN, traceId = trace_id }
  end

  local function signed(trace_id)
    local ts, nonce = ("%.0f"):format(os.time() * 1000), trace_id:sub(1, 6)
    return { appId = APP_ID, traceId = trace_id, ts = ts, nonce = nonce,
      sign = credentials.sign(APP_ID, trace_id, ts, nonce, API_KEY) }
  end

  local function check_delete(headers, body)
    local answer = curl(requests.DELETE, headers, body or json.encode { ids = ids })
    assert.equal(0, answer.code)
    assert.equal(headers.traceId, answer.traceId)
    assert.same({ 4, 3, 1 },
      { answer.data.totalAmount, answer.data.successAmount, answer.data.failAmount })
    assert.equal(43009, answer.data.failDetails[1].code)
  end

  it("the official command line", function()
    check_delete(bearer(digits():upper()))
    local started = json.encode { ids = { service:requests()[1].ids[3] } }
    assert.equal(1, curl(requests.STOP, bearer(digits():upper()), started).data.successAmount)
    assert.equal(0, curl(requests.STATUS, bearer(digits():upper()), started).data
      .successDetails[1].status)
    assert.equal(1, curl(requests.LIST, bearer(digits():upper()), '{"page":1,"pageSize":10}')
      .data.total)
    -- For no ids at all it sends an empty one.
    assert.equal(40004, curl(requests.DELETE, bearer(digits():upper()), '{"ids":[""]}').code)
  end)

  it("the SDK for Python", function()
    check_delete(signed(digits()))
  end)

  it("the SDK for Python with numbers as ids", function()
    check_delete(signed(digits()), '{"ids": [' .. table.concat(ids, ", ") .. "]}")
  end)

  it("the SDK for TypeScript", function()
    check_delete(signed(digits():upper()))
    assert.equal(40004, curl(requests.DELETE, signed(digits():upper()), '{"ids":[]}').code)
    assert.equal(40004, curl(requests.DELETE, signed(digits():upper()), "{}").code)
    -- Numbers that JavaScript has rounded are other phones.
    local rounded = curl(requests.DELETE, signed(digits():upper()), '{"ids":[528086321789535200]}')
    assert.equal(42001, rounded.data.failDetails[1].code)
  end)

  it("the official skill", function()
    local items = curl(requests.LIST, bearer(requests.uuid():upper()),
      '{"page":1,"pageSize":100}').data.items
    assert.equal(4, #items)
    local found = {}
    for i, item in ipairs(items) do found[i] = item.id end
    assert.same(ids, found)
    check_delete(bearer(requests.uuid():upper()))
  end)

  it("a user's farm", function()
    service:stop()
    service = simulator.spawn { phones = { ["528"] = "started" }, token = TOKEN, app_id = APP_ID,
      api_key = API_KEY, stop_seconds = 0.1 }
    local body = '{"ids":["528"]}'
    assert.equal(1, curl(requests.STOP, signed(requests.uuid():upper()), body).data.successAmount)
    local status
    repeat
      status = curl(requests.STATUS, signed(requests.uuid():upper()), body).data
        .successDetails[1].status
    until status == 2
    assert.equal(1, curl(requests.DELETE, signed(requests.uuid():upper()), body).data.successAmount)
    assert.equal("deleted", service:state "528")
  end)

  it("our own, by token and by key", function()
    local geelark = require "geelark"
    local options = { base_url = service.url, token = TOKEN }
    assert.equal(1, assert(geelark.delete({ ids[1] }, options)).successAmount)
    options = { base_url = service.url, app_id = APP_ID, api_key = API_KEY }
    assert.equal(1, assert(geelark.delete({ ids[2] }, options)).successAmount)
  end)
end)
