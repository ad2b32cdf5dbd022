-- Clients and jobs as Lua holds them: told apart, dropped, collected.

local collect_all = require "spec.support.collect"
local descriptors = require "spec.support.descriptors"
local geelark = require "geelark"
local held = require "spec.support.held"
local phones = require("geelark.simulator").ids
local played = require "spec.support.played"
local service = require "spec.support.service"
local shell = require "spec.support.shell"
local simulator = require "spec.support.simulator"

describe("a job", function()
  it("is told apart from anything else", function()
    local job = geelark.start({}, {})
    assert.has_error(function() job.step {} end)
    assert.has_error(function() job.step(io.stdout) end)
    assert.equal("geelark job (under way, 0 ids)", tostring(job))
    assert.is_true(job:step())
  end)

  it("that is dropped unfinished is closed by the collector", function()
    local options, requests = held()
    local seen = setmetatable({}, { __mode = "k" })
    do
      local job = geelark.start({ "a1" }, options)
      job:step()
      seen[job] = true
    end
    local request = requests[1]
    requests[1] = nil
    assert.is_true(request:answer(service.success(request))) -- a request keeps its job
    request = nil -- luacheck: ignore
    collect_all()
    assert.is_nil(next(seen))
  end)

  it("that is dropped lets go of its descriptors, though a request is in flight", function()
    local server = played()
    finally(function() server:close() end)
    collect_all() -- what others dropped
    local before = descriptors()
    local job = geelark.start({ "a1" }, { token = "t", base_url = server.url })
    server:accept(job):read(job)
    server.connections[1]:close()
    assert.is_true(descriptors() > before)
    job = nil -- luacheck: ignore
    collect_all()
    assert.is_true(descriptors() <= before) -- fewer, where the collector was late
  end)

  it("holds no descriptor once its result was taken, whatever the collector does", function()
    local sim = simulator.start { phones = 0 }
    finally(function() sim:stop() end)
    local options = { token = "simulator", base_url = sim.url }
    local client = assert(geelark.new(options))
    local function whole(start)
      local job = start { "1" }
      assert.equal("number", type(job:pollfd()))
      while not job:step(1) do assert.equal("number", type(job:pollfd())) end
      assert(job:result())
      assert.is_nil(job:pollfd())
      assert.is_true(job:step())
      assert.equal(0, job:timeout())
      assert.equal(1, job:progress().failAmount)
      assert.equal(1, assert(job:result()).failAmount)
      return job
    end
    local jobs = { whole(function(ids) return client:start(ids) end) }
    collect_all() -- what others dropped
    local before = descriptors()
    for _ = 1, 10 do
      jobs[#jobs + 1] = whole(function(ids) return client:start(ids) end)
      jobs[#jobs + 1] = whole(function(ids) return geelark.start(ids, options) end)
    end
    assert.is_true(descriptors() < before + 10) -- 20 jobs; what others dropped may go late
    assert.equal(21, #jobs)
    client:close()
  end)
end)

describe("the collector", function()
  it("may come at any point of a job", function()
    collectgarbage "stop"
    local options = service.options(function(request)
      collectgarbage()
      return service.success(request)
    end, { chunk_size = 1, on_progress = function() collectgarbage() end })
    assert.equal(20, assert(geelark.delete(service.ids(20), options)).successAmount)
    collectgarbage "restart"
  end)

  it("may come with every allocation", function()
    local sim = simulator.start { phones = 60, states = { started = 6 },
      plan = { { close = "after" } } }
    finally(function() sim:stop() end)
    local options = { token = "simulator", base_url = sim.url, chunk_size = 10,
      on_progress = function() end, on_event = function() end }
    collectgarbage() -- a cycle from here on takes a few steps
    local pause = collectgarbage("setpause", 0)
    local multiplier = collectgarbage("setstepmul", 400)
    local ran, result = pcall(function()
      local job = geelark.start(phones(60), options)
      while not job:step(0.01) do collectgarbage "step" end
      return assert(job:result())
    end)
    collectgarbage("setpause", pause)
    collectgarbage("setstepmul", multiplier)
    assert(ran, result)
    assert.equal(60, result.totalAmount)
    assert.equal(6, result.failAmount)
    assert.is_true(#result.presumedIds > 0)
  end)

  it("takes a client and its jobs in any order", function()
    local seen = setmetatable({}, { __mode = "k" })
    for i = 1, 50 do
      local client = assert(geelark.new((held())))
      local job = client:start { "a1" }
      job:step()
      if i % 2 == 0 then client, job = job, client end
      seen[client], seen[job] = true, true
    end
    collect_all()
    assert.is_nil(next(seen))
  end)
end)

-- What a script of its own prints, in which memory that was freed is overwritten.
local function said(script)
  return shell.output("export MALLOC_PERTURB_=165; " .. shell.run_lua([[
    local finaliser, geelark = require "spec.support.finaliser", nil
  ]] .. script))
end

describe("a finaliser", function()
  it("that is older than the module is told that it comes too late to delete", function()
    local told = "geelark: the Lua state is being closed"
    assert.equal(("%s\n%s\n%s\n%s"):format(told, told, told, told), said [[
      keep = finaliser(function()
        local options = { token = "t", dry_run = true }
        for _, name in ipairs { "delete", "start", "new", "delete" } do
          local ids = { "a1" }
          local made, why = pcall(geelark[name], name == "new" and options or ids, options)
          print(made and "made" or why)
          options.clock = { now = os.time, sleep = print }
        end
      end)
      geelark = require "geelark"
    ]])
  end)

  it("that calls a job's own by hand frees nothing that is being read", function()
    assert.equal("read", said [[
      geelark = require "geelark"
      local ids, wrong = {}, nil
      for i = 1, 300 do ids[i] = "a" .. i end
      local clock = { now = function() return 0 end, sleep = print }
      collectgarbage()
      collectgarbage("setpause", 0)
      collectgarbage("setstepmul", 4000)
      for n = 1, 60 do
        local job = geelark.start(ids, { token = "t", dry_run = true, clock = clock })
        local collect = debug.getmetatable(job).__gc
        for _ = 1, n do finaliser(function() if job then collect(job) end end) end
        local read, progress = pcall(job.progress, job)
        if read and progress.totalAmount > #ids then wrong = progress.totalAmount end
        job = nil
      end
      print(wrong or "read")
    ]])
  end)

  it("that starts jobs at the end leaves nothing freed to who hears of their end", function()
    local closed = "geelark job (closed, 0 ids)"
    assert.equal(closed .. "\n" .. closed .. "\n" .. closed .. "\n" .. closed, said [[
      geelark = require "geelark"
      local jobs = {}
      package.loaded.cqueues = { cancel = function()
        for _, job in ipairs(jobs) do print(job) end
      end }
      keep = finaliser(function()
        for i = 1, 2 do
          jobs[i] = geelark.start({ "a1" }, { token = "t", base_url = "http://127.0.0.1:9" })
          jobs[i]:pollfd()
        end
      end)
    ]])
  end)
end)

describe("a module that is loaded again, as busted's insulate does", function()
  local function load_again()
    for _, name in ipairs { "geelark", "geelark.core" } do
      local loaded = package.loaded[name]
      package.loaded[name] = nil
      require(name)
      package.loaded[name] = loaded
    end
    collect_all()
  end

  it("leaves clients usable, and results with their account", function()
    local options = service.options { service.success }
    local client = assert(geelark.new { token = options.token, clock = options.clock })
    local result = assert(client:delete(phones(3), { transport = options.transport }))
    load_again()
    local ids = {}
    for id, state in geelark.outcomes(result) do
      ids[#ids + 1] = id
      assert.equal("deleted", state)
    end
    assert.same(phones(3), ids)
    local again = assert(client:delete({ "a1", "a2" }, { transport = options.transport }))
    assert.equal(2, again.successAmount)
  end)

  it("by a limiter loses none of its tokens", function()
    local taken, options = 0, service.options { service.success }
    options.limiter = {
      take = function()
        taken = taken + 1
        load_again()
        return taken
      end,
      give = function() taken = taken - 1 end,
    }
    do geelark.start({ "a1" }, options):step() end
    local requests = {}
    options.transport = function(request) requests[1] = request end
    do geelark.start({ "a2" }, options):step() end
    assert.equal("a2", requests[1].ids[1])
    requests[1] = nil
    collect_all()
    assert.equal(0, taken)
  end)
end)
