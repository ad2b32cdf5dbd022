local geelark = require "geelark"
local service = require "spec.support.service"
local shell = require "spec.support.shell"

local function raised_for(options)
  local with, log = service.options(service.success, options)
  local ok, message = pcall(geelark.delete, { "a1" }, with)
  assert.is_false(ok)
  assert.equal(0, #log)
  return message
end

describe("a bad option raises and names itself:", function()
  local nan = 0 / 0
  local cases = {
    token = { 5, true, {} },
    app_id = { 5 },
    api_key = { 5 },
    base_url = { "", 5 },
    ca_file = { "", 5 },
    proxy = { "", 5, "a\nb" },
    chunk_size = { 0, 101, -1, 1.5, "10", nan, math.huge, true },
    concurrency = { 0, 65, 1.5, "2", nan },
    timeout = { 0, -1, "60", nan, math.huge, true },
    connect_timeout = { 0, -1, "60", nan },
    attempts = { 0, -1, 1.5, "4", nan },
    deadline = { -1, "60", nan, true },
    requests_per_minute = { 0, -1, 1.5, "200", true, nan },
    requests_per_hour = { 0, -1, 1.5, "200", true },
    dry_run = { 0, "yes", {} },
    on_progress = { true, "f", {} },
    on_event = { true, "f", {} },
    transport = { true, "f", {} },
    clock = { true, "f", { now = 5 }, { sleep = 5 }, { seed = "s" }, { new = print },
      { now = {} }, { ["now\0"] = print } },
    limiter = { true, "f", {}, { take = print }, { take = print, give = {} } },
  }
  for name, values in pairs(cases) do
    for i, value in ipairs(values) do
      it(("%s, case %d"):format(name, i), function()
        local message = raised_for { [name] = value }
        assert.truthy(message:find(name .. "[:.]"), message)
        assert.is_nil(message:find("secret", 1, true))
      end)
    end
  end
end)

describe("an unknown option raises and suggests the nearest:", function()
  local nearest = { tokens = "token", chunksize = "chunk_size", on_progres = "on_progress",
    timeuot = "timeout", dryrun = "dry_run", attempt = "attempts", base_uri = "base_url",
    request_per_minute = "requests_per_minute", apikey = "api_key", clinet = "client",
    shard_dict = "shared_dict" }
  for wrong, right in pairs(nearest) do
    it(wrong, function()
      assert.truthy(raised_for({ [wrong] = 1 }):find("did you mean " .. right .. "?", 1, true))
    end)
  end

  for name, place in pairs {
    client = "belongs to a loop's delete; elsewhere client:delete does it",
    shared_dict = "belongs to geelark.loop.ngx",
  } do
    it("and one that only loops take says where it belongs: " .. name, function()
      assert.truthy(raised_for({ [name] = 1 }):find(name .. ": " .. place, 1, true))
    end)
  end

  it("one with a zero byte, of which C would see but the beginning", function()
    local message = raised_for { ["token\0x"] = "t" }
    assert.truthy(message:find("an option name has a zero byte", 1, true), message)
  end)

  it("a position", function()
    assert.truthy(raised_for({ "token" }):find("option names are strings", 1, true))
  end)

  it("options that are no table", function()
    assert.has_error(function() geelark.delete({ "a1" }, "token") end)
  end)
end)

-- What header values can't be, whoever gives them.
local flaws = {
  { "secret ", "blank at an end" }, { " secret", "blank at an end" },
  { "secret\t", "control character" }, { "sec\nret", "control character" },
  { "secret\r\nX: y", "control character" }, { "secret\127", "control character" },
  { "secret\194\160", "byte above 126" }, { "\226\128\156secret\226\128\157", "byte above 126" },
  { "\239\187\191secret", "byte order mark" }, { "sécret", "byte above 126" },
  { "Bearer secret", 'starts with "Bearer", which is added to it' },
  { "bEARER secret", 'starts with "Bearer", which is added to it' },
  { "Bearer ", "blank at an end" },
}

describe("a secret that no header can carry as it stands raises:", function()
  for _, name in ipairs { "token", "app_id", "api_key" } do
    for _, flaw in ipairs { { "", "empty string" }, { "sec\0ret", "control character" },
      (table.unpack or unpack)(flaws) } do -- luacheck: ignore unpack
      it(("%s = %q"):format(name, flaw[1]), function()
        local message = raised_for { [name] = flaw[1] }
        assert.truthy(message:find(("(%s: %s)"):format(name, flaw[2]), 1, true), message)
        assert.is_nil(message:find("ret", 1, true), message)
      end)
    end
  end

  it("a blank inside is none of them", function()
    local options, log = service.options(service.success, { token = "a b-bearer c" })
    assert(geelark.delete({ "a1" }, options))
    assert.equal("Bearer a b-bearer c", log[1].headers.Authorization)
  end)
end)

describe("what can be called passes for a function:", function()
  for _, name in ipairs { "transport", "on_progress", "on_event" } do
    it(name, function()
      local called = spy.new(name == "transport" and service.success or function() end)
      assert(geelark.delete({ "a1" }, (service.options(service.success, { [name] = called }))))
      assert.spy(called).was_called()
    end)
  end

  it("now and sleep of clock, take and give of limiter", function()
    local time = 0
    local now = spy.new(function() return time end)
    local sleep = spy.new(function(seconds) time = time + seconds end)
    local take, give = spy.new(function() return "token" end), spy.new(function() end)
    local options = service.options({ { 502, "" }, service.success },
      { clock = { now = now, sleep = sleep }, limiter = { take = take, give = give } })
    assert(geelark.delete({ "a1" }, options))
    for _, called in ipairs { now, sleep, take } do assert.spy(called).was_called() end
    assert.spy(give).was_called_with "token"
  end)
end)

describe("credentials", function()
  it("missing are an err of kind config; nothing is sent", function()
    local options, log = service.options(service.success)
    options.token = nil
    local result, err = geelark.delete({ "a1" }, options)
    assert.is_nil(result)
    assert.equal("config", err.kind)
    assert.same({ "a1" }, err.result.pendingIds)
    assert.equal(0, #log)
  end)

  it("are not needed for an empty list", function()
    local result = assert(geelark.delete {})
    assert.same({ totalAmount = 0, successAmount = 0, failAmount = 0, failDetails = {},
      duplicateAmount = 0, presumedIds = {}, stoppedIds = {}, unknownIds = {}, pendingIds = {},
      requests = {} }, result)
  end)

  it("of a key want both parts", function()
    local options = service.options(service.success, { app_id = "app" })
    options.token = nil
    local _, err = geelark.delete({ "a1" }, options)
    assert.truthy(err.message:find("api_key", 1, true))
  end)

  it("by a token win over those by a key", function()
    local options, log = service.options(service.success, { app_id = "app", api_key = "key" })
    assert(geelark.delete({ "a1" }, options))
    assert.equal("Bearer token-of-the-spec", log[1].headers.Authorization)
    assert.is_nil(log[1].headers.appId)
  end)
end)

-- The environment can't be set from Lua, so a child shows which headers it sends.
describe("the environment", function()
  local script = [[
    local geelark = require "geelark"
    local result, err = geelark.delete({ "a1" }, { %s transport = function(request)
      print((request.headers.Authorization or request.headers.appId))
      return nil, "no"
    end, attempts = 1 })
    if err.kind == "config" then print(err) end
  ]]
  local function say(environment, options)
    local command = "env -u GEELARK_TOKEN -u GEELARK_APP_ID -u GEELARK_API_KEY "
      .. "-u GEELARK_BASE_URL " .. environment .. " sh -c "
      .. shell.quote(shell.run_lua(script:format(options or "")))
    local pipe = assert(io.popen(command))
    local said = pipe:read "*a"
    pipe:close()
    return said
  end

  it("gives a token", function()
    assert.equal("Bearer from-env\n", say "GEELARK_TOKEN=from-env")
  end)
  it("gives a key", function()
    assert.equal("app-env\n", say "GEELARK_APP_ID=app-env GEELARK_API_KEY=k")
  end)
  it("gives a token rather than a key", function()
    assert.equal("Bearer t\n", say "GEELARK_TOKEN=t GEELARK_APP_ID=app-env GEELARK_API_KEY=k")
  end)
  it("yields to an option", function()
    assert.equal("Bearer option\n", say("GEELARK_TOKEN=from-env", 'token = "option",'))
    assert.equal("app\n", say("GEELARK_TOKEN=t", 'app_id = "app", api_key = "k",'))
    assert.equal("app\n", say("GEELARK_TOKEN=t GEELARK_API_KEY=k", 'app_id = "app",'))
  end)
  for _, name in ipairs { "GEELARK_TOKEN", "GEELARK_APP_ID", "GEELARK_API_KEY" } do
    it("with a secret that no header can carry is an err of kind config: " .. name, function()
      for _, flaw in ipairs(flaws) do
        local said = say(("GEELARK_APP_ID=a %s=%s"):format(name, shell.quote(flaw[1])))
        assert.truthy(said:find(("config: %s: %s (1 id"):format(name, flaw[2]), 1, true), said)
        assert.is_nil(said:find("ret", 1, true), said)
      end
    end)
  end
  it("with a flawed token counts for nothing beside an option", function()
    assert.equal("Bearer option\n", say("GEELARK_TOKEN='t '", 'token = "option",'))
  end)
  it("that is empty counts as unset", function()
    assert.truthy(say("GEELARK_TOKEN="):find("config: no credentials", 1, true))
  end)
  it("with a wrong base_url is an err of kind config that names the variable", function()
    assert.truthy(say("GEELARK_TOKEN=t GEELARK_BASE_URL=http://example.com")
      :find("config: GEELARK_BASE_URL", 1, true))
  end)
  it("with a ca_file that can't be read does so, too", function()
    assert.truthy(say("GEELARK_TOKEN=t GEELARK_CA_FILE=/no/such/file")
      :find("config: ca_file", 1, true))
  end)
  it("with a folder for a ca_file does so, too", function()
    assert.truthy(say("GEELARK_TOKEN=t GEELARK_CA_FILE=/")
      :find("config: ca_file: a folder, not a file: /", 1, true))
  end)
end)

describe("a table option with a metatable", function()
  it("may change the options while they are read: what was read stays", function()
    local seen
    local others = {}
    local function carry(request)
      seen = request.headers.Authorization
      return service.success(request)
    end
    for i = 1, 40 do
      local options = service.options(carry, { token = ("t"):rep(50) .. i })
      options.clock = setmetatable({ seed = 1 }, { __index = function()
        options.token = false -- read already, or else refused
        collectgarbage()
        others = {}
        for n = 10, 99 do others["Bearer " .. ("?"):rep(50) .. n] = true end
      end })
      seen = nil
      local read = pcall(geelark.delete, { "a1" }, options)
      if read then assert.equal("Bearer " .. ("t"):rep(50) .. i, seen) end
      assert.is_nil(others[seen or 1])
    end
  end)
end)

describe("a table of options that inherits others", function()
  local defaults = { dry_run = true }
  local hidden = {
    ["from a table"] = { __index = defaults },
    ["from a function"] = { __index = function(_, name) return defaults[name] end },
    ["behind a metatable that can't be read"] = { __index = defaults, __metatable = "locked" },
  }
  local calls = {
    delete = function(options) return geelark.delete({ "a1" }, options) end,
    start = function(options) return geelark.start({ "a1" }, options) end,
    resume = function(options)
      local result = geelark.delete({ "a1" }, service.options(nil, { dry_run = true }))
      return geelark.resume(result, options)
    end,
    new = function(options) return geelark.new(options) end,
    ["client:delete"] = function(options)
      return assert(geelark.new { token = "t" }):delete({ "a1" }, options)
    end,
    ["a loop's delete"] = function(options)
      return require("geelark.loop.cqueues").delete({ "a1" }, options)
    end,
  }
  for what, metatable in pairs(hidden) do
    for name, call in pairs(calls) do
      it(what .. " raises in " .. name .. ", since they would not count", function()
        local sent = 0
        local function carry()
          sent = sent + 1
          return nil, "refused"
        end
        local options = setmetatable({ token = "t", transport = carry, attempts = 1 }, metatable)
        local done, message = pcall(call, options)
        assert.is_false(done)
        assert.truthy(message:find("plain table of options expected", 1, true), message)
        assert.equal(0, sent)
      end)
    end
  end

  it("is taken where its metatable hides nothing", function()
    local options, log = service.options(service.success)
    assert(geelark.delete({ "a1" }, setmetatable(options, { __tostring = tostring })))
    assert.equal(1, #log)
  end)
end)
