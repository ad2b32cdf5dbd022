-- The simulator's options: what is wrong is named where it was written.

local options = require "geelark.simulator.options"
local simulator = require "geelark.simulator"

describe("the simulator's options", function()
  local wrong = {
    { { phnes = 3 }, "phnes: unknown option, did you mean phones?" },
    { { requests_per_minut = 3 }, "requests_per_minut: unknown option, did you mean "
      .. "requests_per_minute?" },
    { { phones = "3" }, "phones: number or table expected, got string" },
    { { phones = 2.5 }, "phones: integer from 0 to 10000000 expected, got 2.5" },
    { { phones = -1 }, "phones: integer from 0 to 10000000 expected, got -1" },
    { { phones = 0 / 0 }, "phones: integer from 0 to 10000000 expected, got " .. tostring(0 / 0) },
    { { stop_seconds = -1 }, "stop_seconds: number from 0 on expected, got -1" },
    { { requests_per_minute = true }, "requests_per_minute: number or false expected, got true" },
    { { requests_per_minute = 0 }, "requests_per_minute: integer from 1 on expected, got 0" },
    { { port = 65536 }, "port: integer from 0 to 65535 expected, got 65536" },
    { { host = "192.0.2.1" }, "host: loopback address expected, got 192.0.2.1" },
    { { app_id = "a" }, "app_id and api_key go together" },
    { { tls = { certificat = "" } }, "tls.certificat: unknown field, did you mean certificate?" },
    { { tls = { certificate = "" } }, "tls: certificate and key go together" },
    { { bad_ids = { ["528"] = true } }, "bad_ids: list expected, got one with the key 528" },
    { { bad_ids = { 528 } }, "bad_ids: strings expected, got number" },
    { { phones = { "a", nil, "c" } }, "phones: nothing stands before the position 3" },
    { { phones = 3, states = { started = 1.5 } },
      "states.started: integer from 0 on expected, got 1.5" },
    { { phones = 3, states = { started = "1" } },
      "states.started: integer from 0 on expected, got 1" },
    { { phones = 3, states = { startd = 1 } },
      "states: unknown value startd, did you mean started?" },
    { { phones = { a = "asleep" } }, "phones.a: unknown value asleep, did you mean expired?" },
    { { phones = { 528 } }, "phones: string expected as id or state, got number" },
    { { phones = { "a" }, states = {} }, "states: phones is no number, but names them itself" },
    { { plan = { { stauts = 5 } } }, "plan entry.stauts: unknown field, did you mean status?" },
    { { plan = 5 }, "plan: function or table or string expected, got number" },
  }
  for _, row in ipairs(wrong) do
    it("say: " .. row[2], function()
      for _, run in ipairs { "new", "spawn", "main" } do
        local ran, why = pcall(function() simulator[run](row[1]) end)
        assert.is_false(ran)
        local where, what = why:match "^(.-:%d+): (.*)$"
        assert.matches("options_spec%.lua:%d+$", where)
        assert.equal(row[2], what)
      end
    end)
  end

  it("say that they have to be a table", function()
    assert.error_matches(function() simulator.new(5) end, "options: table expected, got number$")
  end)

  it("are whole numbers where they came as doubles", function()
    local settings = options.read { port = 8080.0, phones = 250.0 }
    assert.equal("8080 250", ("%s %s"):format(settings.port, settings.phones))
  end)

  it("have the defaults that the page of the service tells", function()
    local settings = options.read()
    assert.equal(200, settings.requests_per_minute)
    assert.equal(24000, settings.requests_per_hour)
    assert.equal(30, settings.stop_seconds)
    assert.equal("simulator", settings.token)
    assert.is_nil(options.read({ app_id = "a", api_key = "k" }).token)
  end)
end)
