-- The simulator as a process of its own.

local client = require "spec.support.http_client"
local shell = require "spec.support.shell"
local servers = require "geelark.simulator.http.server"
local simulator = require "geelark.simulator"
local support = require "spec.support.simulator"

describe("the simulator's process", function()
  -- A blocking exchange with a simulator that is another process.
  local function call(sim, ids)
    local socket = client.connect(sim)
    local reply = client.exchange(socket, ids)
    socket:close()
    return reply
  end

  it("is started, looked at, given plans, and stopped", function()
    local sim = support.start { phones = 3, states = { started = 1 } }
    local ids = simulator.ids(3)
    assert.equal(1, client.envelope(call(sim, ids)).data.failAmount)
    assert.same({ [ids[2]] = "started" }, sim:state().phones)
    sim:plan { { status = 502 }, { close = "before" } }
    assert.equal(502, call(sim, ids).status)
    assert.is_nil(call(sim, ids))
    sim:plan "return function(request) return request.number == 4 and { refuse = 46001 } end"
    assert.equal(46001, client.envelope(call(sim, ids)).code)
    sim:set { [ids[1]] = "expired", [ids[2]] = "missing" }
    local state = sim:state()
    assert.same({ [ids[1]] = "expired" }, state.phones)
    assert.equal(1, state.phoneCount)
    assert.equal(4, #state.requests)
    assert.equal(4, state.connections)
    assert.equal(1, state.maxInFlight)
    assert.same(ids, state.requests[1].ids)
    assert.same({ ids[1], ids[3] }, state.requests[1].deleted)
    sim:stop()
    sim:stop()
    assert.has_error(function() sim:state() end, "the simulator was stopped")
    assert.is_false(client.is_listening(sim))
  end)

  it("says what is wrong with an order and goes on", function()
    local sim = support.start { phones = 1 }
    assert.error_matches(function() sim:plan { { stauts = 1 } } end,
      "plan entry%.stauts: unknown field, did you mean status%?$")
    assert.error_matches(function() sim:plan(print) end,
      "plan: a function can't go to another process; give its source as a string")
    assert.error_matches(function() sim:plan(spy.new(print)) end, "plan: a function can't go")
    assert.error_matches(function() sim:set { a = "asleep" } end,
      "phones%.a: unknown value asleep, did you mean expired%?$")
    assert.equal(1, sim:state().phoneCount)
    sim:stop()
  end)

  it("takes an entry for ever", function()
    local sim = support.start { phones = 1, plan = { { times = math.huge, status = 502 } } }
    for _ = 1, 2 do assert.equal(502, call(sim, simulator.ids(1)).status) end
    assert.equal(math.huge, sim:state().requests[1].fault.times)
    sim:stop()
  end)

  it("carries a large world through the pipe", function()
    local sim = support.start { phones = 20000 }
    assert.equal(20000, sim:state().phoneCount)
    sim:stop()
  end)

  it("that can't start is an error, and nothing is left waiting", function()
    local sim = servers.new():listen()
    local port = tonumber(sim.url:match "%d+$")
    -- Its complaint goes to standard error, which is no part of the spec's output.
    local source = ("require('spec.support.simulator').start { port = %d }"):format(port)
    local run = io.popen(shell.run_lua(source) .. " 2>&1", "r")
    local said = run:read "*a"
    run:close()
    sim:close()
    assert.truthy(said:find("can't listen on 127.0.0.1 port " .. port, 1, true), said)
    assert.truthy(said:find("the simulator did not start", 1, true), said)
  end)

  -- What a script prints that has started a simulator as `service`, in a session of its own.
  local function output_of(source)
    return shell.output("exec 2>&1; setsid -w sh -c " .. shell.quote(shell.run_lua(
      'local service = require("geelark.simulator").spawn { phones = 1 } ' .. source)))
  end

  it("that has died is an error, and doesn't end who asks it", function()
    assert.equal("the simulator died; its standard error says why\nstopped", output_of [[
      service:plan "return function() os.exit(1) end"
      require("geelark").delete({ "a1" }, service:options { attempts = 1 })
      print((select(2, pcall(function() service:ids() end)):gsub("^.-:%d+: ", "")))
      service:stop()
      print "stopped"]])
  end)

  it("goes on through a Ctrl-C, which is meant for who has started it", function()
    -- While os.execute runs, a signal to all is none to this process.
    assert.equal("stopped\nended", output_of [[
      os.execute "trap '' INT; kill -INT 0"
      print(service:state(service:ids()[1]))
      service:stop()
      print "ended"]])
  end)

  it("finds what the caller finds, whatever the environment says", function()
    local source = ([[package.path = %q
      print(#require("geelark.simulator").spawn({ phones = 2 }):ids())]]):format(package.path)
    local variable = "LUA_PATH_" .. _VERSION:match "%d%.%d":gsub("%.", "_")
    assert.equal("2", shell.output(variable .. "=/nowhere " .. shell.run_lua(source) .. " 2>&1"))
  end)

  -- A process that starts a simulator, tells its URL and kills itself. The simulator has
  -- inherited the pipe that is read here, so the pipe's end is the simulator's end.
  it("ends with the process that started it, even a killed one", function()
    local source = [[
      local certs = require("spec.support.certificates").new()
      local sim = require("spec.support.simulator").start { phones = 1 }
      io.write(sim.url, " ", certs.ca_file, "\n")
      io.flush()
      os.execute "kill -9 $PPID"]]
    local run = io.popen(shell.run_lua(source) .. " 2>&1", "r")
    local url, file = run:read("*l"):match "^(http%S+) (%S+)$"
    run:read "*a"
    run:close()
    assert.is_false(client.is_listening { url = url })
    assert.is_nil((io.open(file)))
  end)

  it("for people prints what geelark reads, and serves until it is ended", function()
    -- Without control it is told nothing: it is ended by its process number.
    local source = 'require("geelark.simulator").main { phones = 2 }'
    local run = io.popen("echo $$; " .. shell.run_lua(source), "r")
    local pid = run:read "*n"
    run:read "*l"
    local ready = "^export GEELARK_BASE_URL=(http://%S+) GEELARK_TOKEN=simulator$"
    local url = run:read("*l"):match(ready)
    assert.equal("# 2 ids: 528086321789535232 528086321789600768", run:read "*l")
    local reply = call({ url = url }, simulator.ids(2))
    os.execute(("kill %d"):format(pid))
    run:read "*a"
    run:close()
    assert.equal(0, client.envelope(reply).code)
  end)

  it("prints no credentials that were given", function()
    local source = 'require("geelark.simulator.http.process").run({ token = "secret" }, true)'
    local run = io.popen("printf '' | (" .. shell.run_lua(source) .. ") 2>&1", "r")
    local said = run:read "*a"
    run:close()
    assert.truthy(said:find "http", 1, true)
    assert.is_nil(said:find("secret", 1, true))
  end)
end)
