-- SIGINT and SIGTERM: the first sends nothing more, waits for what is in flight and tells the account,
-- the second ends at once.

local cli = require "spec.support.cli"
local geelark = require "geelark"
local shell = require "spec.support.shell"
local simulator = require "geelark.simulator"
local temporary = require "spec.support.temporary"

describe("the command under a signal", function()
  local service, directory
  before_each(function() directory = temporary.new() end)
  after_each(function()
    service:stop()
    directory:remove()
  end)

  -- A delete of all phones that has begun: so many of its requests have come.
  local function begin(options, requests, arguments)
    service = simulator.spawn(options)
    directory:write("ids", table.concat(service:ids(), "\n"))
    local process = cli.start(("delete --yes --from %s %s"):format(directory:file "ids",
      arguments or ""), service)
    while #service:requests() < requests do end
    return process
  end

  local function kill(process, signal)
    shell.run("kill -%s %s", signal, process.pid)
  end

  local SLOW = "return function() return { delay = 0.2 } end"

  for signal, status in pairs { INT = 130, TERM = 143 } do
    it(("ends with %d after SIG%s, with an account that is true"):format(status, signal), function()
      local process = begin({ phones = 20000, plan = SLOW }, 2)
      kill(process, signal)
      local ended, errors = process.finish()
      assert.equal(status, ended)
      assert.matches("geelark: %d+ %% of 20,000: .*; cancelled, waiting for %d answers?\n", errors)
      local deleted, pending = errors:match "geelark: cancelled: (%d+) deleted, (%d+) pending\n"
      assert.equal(20000, deleted + pending)
      assert.is_true(tonumber(pending) > 0)
      assert.equal(service:world().phoneCount, tonumber(pending))
      assert.matches("\nTo go on run the same command again", errors, 1, true)
    end)
  end

  -- SIGINT and SIGTERM, since of one that comes twice before it was seen the system keeps one.
  it("takes for one what comes twice at once, as from timeout", function()
    local process = begin({ phones = 20000, plan = SLOW }, 2)
    shell.run("kill -STOP %s && kill -INT %s && kill -TERM %s && kill -CONT %s", process.pid,
      process.pid, process.pid, process.pid)
    local status, errors = process.finish()
    assert.equal(130, status)
    assert.matches("geelark: cancelled: %d+ deleted, %d+ pending\n", errors)
  end)

  it("ends at once after a second one, and tells of the requests in flight", function()
    local process = begin({ phones = 500, plan = "return function() return { delay = 50 } end" }, 2)
    kill(process, "INT")
    repeat until process.line():find "cancelled, waiting for 2 answers"
    kill(process, "INT")
    local status, errors = process.finish()
    assert.equal(130, status)
    assert.matches("^geelark: ended at once; requests in flight, of which nobody knows what "
      .. "became: 2\nTo go on run the same command again", errors)
  end)

  it("ends at once and says how to go on with a journal, which is whole", function()
    local journal = directory:file "run.db"
    local process = begin({ phones = 500, plan = "return function() return { delay = 50 } end" }, 2,
      "--journal " .. journal)
    kill(process, "INT")
    repeat until process.line():find "cancelled, waiting for 2 answers"
    kill(process, "TERM")
    local status, errors = process.finish()
    assert.equal(143, status)
    assert.matches("became: 2\nTo go on: geelark resume " .. journal .. "\n", errors, 1, true)
    local account = geelark.journal.read(journal)
    assert.same({ 200, 300 }, { #account.unknownIds, #account.pendingIds })
  end)

  it("stops the stopping of phones, too, and says how to go on", function()
    local journal = directory:file "run.db"
    local process = begin({ phones = 3, states = { started = 1 } }, 2,
      "--stop-started --journal " .. journal)
    assert.matches("stop$", service:requests()[2].path)
    kill(process, "TERM")
    local status, errors = process.finish()
    assert.equal(143, status)
    assert.matches("geelark: 2 deleted, 1 failed; 1 was stopped\n", errors, 1, true)
    assert.matches("\nTo go on: geelark resume " .. journal .. "\n", errors, 1, true)
  end)

  for _, name in ipairs { "cqueues.signal", "geelark" } do
    it("knows Ctrl-C while it is being loaded: " .. name, function()
      service = simulator.spawn { phones = 1 }
      local interrupted = ("package.preload[%q] = function() "):format(name)
        .. [[io.popen("kill -INT $PPID"):close() for _ = 1, 1e6 do end error "it goes on" end]]
      local text, status = cli.on_terminal("--version",
        { service = service, environment = "LUA_INIT=" .. shell.quote(interrupted) })
      assert.same({ 130, "" }, { status, text })
    end)
  end

  it("knows Ctrl-C at the question: nothing is sent", function()
    service = simulator.spawn { phones = 1 }
    local text, status = cli.on_terminal("delete 528086321789535232",
      { service = service, keys = "\3" })
    assert.equal(130, status)
    assert.matches("[y/N]", text, 1, true)
    assert.same({}, service:requests())
  end)
end)
