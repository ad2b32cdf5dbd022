-- The drivers keep to one contract: what delete gives, they give, and their loop goes on.

local cases = require "spec.support.loop.cases"
local drivers = require "spec.support.drivers"
local geelark = require "geelark"
local hosts = require "spec.support.loop.hosts"
local simulator = require "geelark.simulator"
local start = require("spec.support.simulator").start

local names = {}
for name in pairs(drivers) do names[#names + 1] = name end
table.sort(names)

for _, name in ipairs(names) do
  describe("the driver for " .. name, function()
    local driver, sim = drivers[name], nil

    after_each(function() if sim then sim:stop() sim = nil end end)
    teardown(function() if driver.stop then driver.stop() end end)

    for number, case in ipairs(cases) do
      if driver.gives_job or not case.needs_job then
        it(case.name, function()
          sim = start(case.simulator)
          local seen = driver.run(number, sim.url)
          case.check(seen, sim:state())
        end)
      end
    end
  end)
end

it("every driver that there is runs the same cases", function()
  local files, modules = assert(io.popen "ls lua/geelark/loop/*.lua"), {}
  for path in files:lines() do
    local name = path:match "([^/]+)%.lua$"
    if name ~= "start" then modules[#modules + 1] = name end
  end
  files:close()
  table.sort(modules)
  assert.same(modules, names)
end)

-- Loops in this process.
local own = { "cqueues", "luv" }

for _, name in ipairs(own) do
  describe("the driver for " .. name, function()
    if name == "luv" then
      it("wants a callback", function()
        assert.has_error(function() geelark.loop.luv.delete({ "a1" }, { token = "t" }) end,
          "bad argument to 'delete' (callback: function expected, got nil)")
      end)
    end

    if name == "luv" then
      it("takes any callback that can be called", function()
        local seen
        local callback = setmetatable({}, { __call = function(_, result) seen = result end })
        geelark.loop.luv.delete({}, {}, callback)
        require("luv").run()
        assert.equal(0, seen.totalAmount)
      end)
    end

    it("blames the line that called it for wrong arguments", function()
      local _, message = pcall(hosts[name](), { { ids = { "" }, options = { token = "t" } } })
      assert.matches("hosts%.lua:%d+: bad argument", message)
    end)

    it("wakes its loop at most 5 times while an answer takes 2 s", function()
      local sim = start { phones = 1, plan = { { delay = 2 } } }
      local methods = debug.getmetatable(geelark.start({}, {})).__index
      local step, steps = methods.step, 0
      finally(function() -- one for both: busted keeps the last
        methods.step = step
        sim:stop()
      end)
      methods.step = function(...)
        steps = steps + 1
        return step(...)
      end
      local turns, result = drivers[name].turns(simulator.ids(1),
        { token = "simulator", base_url = sim.url })
      assert.equal(1, result.successAmount)
      assert.is_true(result.requests[1].seconds >= 2)
      assert.is_true(steps <= 5, steps .. " steps")
      -- A loop turns once more to begin and to end, and cqueues for each coroutine.
      assert.is_true(turns <= 8, turns .. " turns")
    end)
  end)
end

describe("an iterator that yields to its loop is read to its end", function()
  local sent
  local function options()
    sent = {}
    return { token = "t", transport = function(request)
      sent[#sent + 1] = table.concat(request.ids, " ")
      return nil, "no network", false
    end, attempts = 1 }
  end

  it("in cqueues", function()
    local cqueues = require "cqueues"
    local loop, err = cqueues.new(), nil
    loop:wrap(function()
      local a, b = require("cqueues.socket").pair()
      loop:wrap(function()
        cqueues.poll() -- so that the reader waits first
        b:write "A1\nA2\n"
        b:close()
      end)
      err = select(2, geelark.loop.cqueues.delete(a:lines(), options()))
    end)
    assert(loop:loop())
    assert.same({ "A1", "A2" }, err.result.pendingIds)
    assert.same({ "A1 A2" }, sent)
  end)

  it("in luv", function()
    local uv, err = require "luv", nil
    local reader = coroutine.create(function()
      local i = 0
      geelark.loop.luv.delete(function()
        i = i + 1
        return i < 3 and coroutine.yield() .. i or nil
      end, options(), function(_, why) err = why end)
    end)
    while coroutine.status(reader) ~= "dead" do assert(coroutine.resume(reader, "A")) end
    uv.run()
    assert.same({ "A1", "A2" }, err.result.pendingIds)
    assert.same({ "A1 A2" }, sent)
  end)
end)

describe("many jobs of one client in one loop", function()
  it("all end, more of them than Linux lets watch one socket", function()
    local sim = start { phones = 150 }
    finally(function() sim:stop() end)
    local client = assert(geelark.new { token = "simulator", base_url = sim.url })
    local calls = {}
    for i, id in ipairs(simulator.ids(150)) do
      calls[i] = { ids = { id }, options = { client = client, concurrency = 8 } }
    end
    local deleted = 0
    for _, outcome in ipairs((hosts.luv()(calls))) do
      assert.is_nil(outcome.err)
      deleted = deleted + outcome.result.successAmount
    end
    client:close()
    assert.equal(150, deleted)
  end)
end)
