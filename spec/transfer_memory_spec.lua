-- libcurl out of memory, at each of its allocations in turn: a request ends, or the job raises
-- Lua's memory error and can be stepped again. Nothing hangs, and no account is wrong.

local shell = require "spec.support.shell"

local script = [[
  local fail = require "spec.support.native" ("failing_curl", "libcurl")
  local geelark = require "geelark"
  local start = require("spec.support.simulator").start
  local ids = require("geelark.simulator").ids(3)
  local sim = start { phones = 0, requests_per_minute = 1000000,
    plan = "return function(request) return request.number % 3 == 1 and { close = 'before' } end" }

  local now, messages = 0, {}
  local options = { token = "simulator", base_url = sim.url, chunk_size = 1, concurrency = 2,
    timeout = 2, attempts = 10, requests_per_minute = false, requests_per_hour = false,
    clock = { now = function() return now end, seed = 1 } }

  -- Calls f until it doesn't raise; what it raises has to be the memory's.
  local function insist(f, ...)
    for _ = 1, 5 do
      local ok, value, err = pcall(f, ...)
      if ok then return assert(value, err) end
      messages[value:match "not enough memory$" or value] = true
    end
    error "it raises again and again"
  end

  local function run()
    local client = insist(geelark.new, options)
    local job = insist(client.start, client, ids)
    for step = 1, 100000 do
      local ok, done = pcall(job.step, job)
      if not ok then messages[done:match "not enough memory$" or done] = true end
      if ok and done then break end
      -- A request that nobody hears of any more is given up when its time has come.
      now = now + (job:progress().inFlight == 0 and 1 or 1e-3)
      if step == 100000 then error "it hangs" end
    end
    local result, err = job:result()
    result = result or err.result
    assert(result.failAmount + #result.presumedIds + #result.unknownIds + #result.pendingIds == 3)
    if err then assert(err.kind ~= "config", err.message) end
    client:close()
  end

  local n = 0
  repeat
    n = n + 1
    fail(n)
    run()
  until not fail(0)
  sim:stop()
  for message in pairs(messages) do print(message) end
  print(n > 50)
]]

describe("libcurl without memory", function()
  it("at whatever allocation makes no job hang, and no account wrong", function()
    assert.equal("not enough memory\ntrue", shell.output(shell.run_lua(script) .. " 2>&1"))
  end)
end)
