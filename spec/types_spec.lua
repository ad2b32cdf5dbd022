-- The annotations that editors read: each option, field, function and name that there is stands
-- there, and nothing else.

local annotations = require "spec.support.annotations"
local geelark = require "geelark"
local shell = require "spec.support.shell"
local simulator = require "geelark.simulator"

local known = annotations.read()

local function sorted_keys(set)
  local list = {}
  for key in pairs(set) do list[#list + 1] = key end
  table.sort(list)
  return list
end

-- What the first group of a pattern finds in a part of a file.
local function found(path, from, to, pattern)
  local text, set = shell.read(path), {}
  local begins = assert(text:find(from, 1, true), from)
  local ends = assert(text:find(to, begins, true), to)
  for name in text:sub(begins, ends):gmatch(pattern) do set[name] = true end
  return sorted_keys(set)
end

-- The options of src/options.c that a job, or only a client, takes.
local function core_options(scope)
  return found("src/options.c", "options_known[] = {", "\n};", '{"([%w_]+)",%s+SCOPE_' .. scope)
end

local function fields(class)
  return sorted_keys(known.classes[class].fields)
end

local function methods(class)
  return sorted_keys(known.classes[class].methods)
end

local function has_functions(value)
  local set = {}
  for name, member in pairs(value) do
    if type(member) == "function" and not name:find "^__" then set[name] = true end
  end
  return sorted_keys(set)
end

describe("the annotations", function()
  it("define each type that they name, once", function()
    for name, path in pairs(known.used) do
      assert.equal(1, known.defined[name], name .. ", named in " .. path)
    end
  end)

  for class, expected in pairs {
    ["geelark.JobOptions"] = core_options "JOB",
    ["geelark.Options"] = core_options "CLIENT",
    ["geelark.LoopOptions"] = { "client" },
    ["geelark.NgxOptions"] = { "shared_dict" },
    ["geelark.Clock"] = found("src/options.c", "clock_fields[] = {", ";", '{"([%w_]+)"'),
    ["geelark.Limiter"] = found("src/options.c", "limiter_fields[] = {", ";", '{"([%w_]+)"'),
    ["geelark.Code"] = sorted_keys(geelark.codes[43009]),
    ["geelark.simulator.Options"] =
      found("lua/geelark/simulator/options.lua", "local TYPES = {", "\n}", "([%w_]+) = \""),
    ["geelark.simulator.Fault"] =
      found("lua/geelark/simulator/plan.lua", "local FIELDS = {", "\n}", "([%w_]+) = \""),
  } do
    it("know the fields of " .. class .. " and no other", function()
      assert.is_true(#expected > 0)
      assert.same(expected, fields(class))
    end)
  end

  it("know every kind of err", function()
    local kinds = found("src/lib/fault.h", "#define FAULT_KINDS", "enum kind", '"([%w_]+)"')
    assert.same(kinds,
      found("lua/geelark/types.lua", "---@alias geelark.Kind", "\n\n", '"([%w_]+)"'))
  end)

  it("know every state of the simulator's phones", function()
    local path = "lua/geelark/simulator/phones.lua"
    assert.same(found(path, "local STATES = {", "\n}", "\n  ([%w_]+) ="),
      found(path, "---@alias geelark.simulator.State", "\n\n", '"([%w_]+)"'))
  end)

  it("know every driver by its name", function()
    local drivers = {}
    for path in shell.run("cd lua/geelark/loop && ls *.lua"):gmatch "([%w_]+)%.lua" do
      if path ~= "start" then
        drivers[#drivers + 1] = path
        local class = path == "nvim" and "geelark.nvim" or "geelark.loop." .. path
        assert.is_true(known.classes[class].methods.delete, class)
      end
    end
    assert.same(drivers, fields "geelark.Loops")
  end)

  it("know every limiter by its name", function()
    for name in pairs(known.classes["geelark.Limiters"].fields) do
      assert.is_function(geelark.limiter[name])
    end
    assert.same(found("lua/geelark.lua", 'limiter", {', "}", '"(%l+)"'),
      fields "geelark.Limiters")
    assert.same(found("lua/geelark/limiter/shared.lua", "local DEFAULTS", "}", "([%l_]+) = "),
      fields "geelark.Limits")
  end)

  local service = simulator.new { phones = 1 }
  for class, expected in pairs {
    ["geelark"] = has_functions(geelark),
    ["geelark.Client"] = found("src/core.c", "client_methods[] = {", ";", '{"([%w_]+)"'),
    ["geelark.Job"] = found("src/core.c", "job_methods[] = {", ";", '{"([%w_]+)"'),
    ["geelark.Request"] = found("src/transport.c", "void transport_open", "\n}", ", \"(%l+)\""),
    ["geelark.Failures"] =
      has_functions(getmetatable(geelark.failures { failDetails = {} }).__index),
    ["geelark.simulator"] = has_functions(simulator),
    ["geelark.simulator.Service"] = has_functions(getmetatable(service).__index),
  } do
    it("know the functions of " .. class .. " and no other", function()
      assert.same(expected, methods(class))
    end)
  end

  it("know what a simulator can be asked, within the process and as one", function()
    local process = known.classes["geelark.simulator.Process"].methods
    for name in pairs(known.classes["geelark.simulator.Service"].methods) do
      assert.is_true(process[name], name)
    end
  end)
end)

-- All that comes back, of jobs in which everything happens that there is a field for.

local seen -- by class: { fields = set, always = set, count = }

local function note(class, value)
  local entry = seen[class] or { fields = {}, always = {} }
  for name in pairs(value) do
    if type(name) == "string" then -- what a request hides is nobody's
      if not seen[class] then entry.always[name] = true end
      entry.fields[name] = true
    end
  end
  for name in pairs(entry.always) do
    if value[name] == nil then entry.always[name] = nil end
  end
  seen[class] = entry
end

local EVENTS = { send = "geelark.SendEvent", lost = "geelark.LostEvent",
  wait = "geelark.WaitEvent", settle = "geelark.SettleEvent" }

local function run(world, more)
  local service = simulator.new(world)
  local options = service:options(more)
  local transport = options.transport
  function options.transport(request)
    note("geelark.Request", request)
    return transport(request)
  end
  function options.on_event(event) note(EVENTS[event.type], event) end
  function options.on_progress(progress) note("geelark.Progress", progress) end
  local result, err = geelark.delete(service:ids(), options)
  if err then note("geelark.Error", err) end
  result = result or err.result
  note("geelark.Result", result)
  for _, request in ipairs(result.requests) do note("geelark.Entry", request) end
  for _, failure in ipairs(result.failDetails) do note("geelark.Failure", failure) end
end

describe("what comes back", function()
  setup(function()
    seen = {}
    run({ phones = 3, states = { started = 1 },
      plan = { { refuse = 40001 }, { close = "after" } } })
    run({ phones = 3, plan = { { status = 429, headers = { ["Retry-After"] = "500" } } } })
    run({ phones = 3, plan = { { refuse = 41001 } } })
    run({ phones = 3, bad_ids = { simulator.ids(3)[2] } })
    run({ phones = 210 }, { chunk_size = 1 })
    run({ phones = 3 }, { deadline = 0 })
  end)

  for _, class in ipairs { "geelark.Result", "geelark.Entry", "geelark.Failure", "geelark.Error",
    "geelark.Progress", "geelark.Request", "geelark.SendEvent", "geelark.LostEvent",
    "geelark.WaitEvent", "geelark.SettleEvent" } do
    it("has the fields that " .. class .. " is said to have, and no other", function()
      assert.same(fields(class), sorted_keys(seen[class].fields))
    end)

    it("has those of " .. class .. " always that may not be left out", function()
      for name, optional in pairs(known.classes[class].fields) do
        assert.is_true(optional or seen[class].always[name] or false, name)
      end
    end)
  end
end)
