-- Going on: geelark.resume, geelark.outcomes.

local collect = require "spec.support.collect"
local geelark = require "geelark"
local service = require "spec.support.service"

local function outcomes(result)
  local list = {}
  for id, state, code, msg in geelark.outcomes(result) do
    list[#list + 1] = table.concat({ tostring(id), state, code, msg }, " ")
  end
  return list
end

local function gone(request)
  local failures = {}
  for i, id in ipairs(request.ids) do failures[i] = service.failure(id, 42001) end
  return 200, service.envelope(0, #request.ids, failures)
end

-- Six ids, one a request: deleted, failed, unknown, deleted, pending, pending.
local function interrupted()
  local options = service.options(function(request)
    local id = request.ids[1]
    if id == "b1" then
      return 200, service.envelope(0, 1, { service.failure(id, 43009, "started") })
    end
    if id == "c1" then return nil, "reset", true end
    if id == "e1" then return service.code(40003) end
    return service.success(request)
  end, { chunk_size = 1, concurrency = 1, attempts = 1 })
  local _, err = geelark.delete({ "a1", "b1", "c1", "d1", "e1", "f1", "a1" }, options)
  return err
end

describe("geelark.outcomes", function()
  it("tells of every id once, in the caller's order, with the reason where it failed", function()
    local expected = { "a1 deleted", "b1 failed 43009 started", "c1 unknown", "d1 deleted",
      "e1 pending", "f1 pending" }
    assert.same(expected, outcomes(interrupted()))
    assert.same(expected, outcomes(interrupted().result))
  end)

  it("tells what is presumed", function()
    local options = service.options { { 502, "" }, gone }
    assert.same({ "a1 presumed" }, outcomes(assert(geelark.delete({ "a1" }, options))))
  end)

  it("gives ids back as they were given", function()
    if math.type == nil then return assert.is_nil(math.type) end -- no integers in this Lua
    local options = service.options(service.success)
    local result = assert(geelark.delete({ 528086321789535232 }, options))
    for id in geelark.outcomes(result) do assert.equal("integer", math.type(id)) end
  end)

  it("tells of nothing where there was nothing", function()
    assert.same({}, outcomes(assert(geelark.delete({}, { token = "t" }))))
  end)

  it("lives as long as the result, its job gone", function()
    local err = interrupted()
    collect()
    local iterator = geelark.outcomes(err)
    err = nil -- luacheck: ignore 311
    collect()
    assert.equal("a1", (iterator()))
  end)

  it("and resume and remaining take what a job ended with, each time", function()
    local options = service.options({ { nil, "refused" } }, { attempts = 1 })
    local job = geelark.start({ "a1" }, options)
    while not job:step(1) do assert.is_true(true) end
    for _ = 1, 2 do
      local _, err = job:result()
      assert.same({ "a1 pending" }, outcomes(err))
      assert.same({ "a1" }, geelark.remaining(err))
    end
  end)

  for _, name in ipairs { "outcomes", "resume" } do
    it(("(%s) refuses what has no account behind it, and says why"):format(name), function()
      local result = interrupted().result
      local copy = {}
      for key, value in pairs(result) do copy[key] = value end
      for _, value in ipairs { copy, {}, { result = copy }, { result = {} } } do
        local ok, why = pcall(geelark[name], value)
        assert.is_false(ok)
        assert.matches("saved and read again has lost it", why)
      end
      for _, value in ipairs { false, "err", 5, print } do
        local ok, why = pcall(geelark[name], value)
        assert.is_false(ok)
        assert.matches("result of this process expected, got " .. type(value), why)
      end
      assert.has_error(function() geelark[name]() end)
    end)
  end
end)

describe("geelark.resume", function()
  it("stops where ids are refused one by one, whatever the earlier call deleted", function()
    local resumed = false
    local options, log = service.options(function(request, n)
      if resumed then return service.code(40004) end
      if n == 1 then return service.success(request) end
      return service.code(40003)
    end, { concurrency = 1 })
    local _, err = geelark.delete(service.ids(300), options)
    resumed = true
    local _, again = geelark.resume(err, options)
    assert.same({ "refused", 100, 8, 192 }, { again.kind, again.result.successAmount,
      again.result.failAmount, #again.result.pendingIds })
    assert.is_true(#log <= 60, #log .. " requests")
  end)

  it("asks for what is left, never asked ones first, and accounts for the whole list", function()
    local options, log = service.options(service.success, { concurrency = 1 })
    local result = assert(geelark.resume(interrupted(), options))
    assert.same({ { "e1", "f1" }, { "c1" } }, { log[1].ids, log[2].ids })
    assert.equal(2, #log)
    assert.same({ 6, 5, 1, 1 }, { result.totalAmount, result.successAmount, result.failAmount,
      result.duplicateAmount })
    assert.same({ { code = 43009, id = "b1", msg = "started" } }, result.failDetails)
    assert.same({ "a1 deleted", "b1 failed 43009 started", "c1 deleted", "d1 deleted", "e1 deleted",
      "f1 deleted" }, outcomes(result))
  end)

  it("presumes what was unknown and is gone, and only that", function()
    local options = service.options(gone)
    local result = assert(geelark.resume(interrupted(), options))
    assert.same({ "c1" }, result.presumedIds)
    assert.same({ "b1", "e1", "f1" }, geelark.failures(result):ids())
  end)

  it("leaves unknown what is refused without being named", function()
    local options = service.options({ { service.code(40009) } })
    local _, err = geelark.resume(interrupted(), options)
    assert.same({ "c1" }, err.result.unknownIds)
    assert.same({ "b1", "e1", "f1" }, geelark.failures(err):ids())
  end)

  it("leaves unknown what it never came to, and was asked for before", function()
    for _, more in ipairs { {}, { dry_run = true }, { deadline = 0 } } do
      local options = service.options({ { service.code(40003) } }, more)
      local result, err = geelark.resume(interrupted(), options)
      result = result or err.result
      assert.same({ "c1" }, result.unknownIds)
      assert.same({ "e1", "f1" }, result.pendingIds)
    end
  end)

  it("can be called again and again, until all is known", function()
    local err, calls = interrupted(), 0
    repeat
      local options = service.options({ calls < 3 and { nil, "reset", true } or gone },
        { attempts = 1, chunk_size = 1 })
      local result
      result, err = geelark.resume(err, options)
      calls = calls + 1
      if result then
        assert.same({ "c1", "e1", "f1" }, result.presumedIds)
        assert.same({ "a1 deleted", "b1 failed 43009 started", "c1 presumed", "d1 deleted",
          "e1 presumed", "f1 presumed" }, outcomes(result))
      end
    until result
    assert.equal(4, calls)
  end)

  it("sends nothing where nothing is left", function()
    local options, log = service.options(service.success)
    local first = assert(geelark.delete({ "a1", "b1" }, options))
    local again = assert(geelark.resume(first, options))
    assert.equal(1, #log)
    assert.equal(2, again.successAmount)
  end)

  it("leaves the earlier account as it was", function()
    local err = interrupted()
    assert(geelark.resume(err, (service.options(service.success))))
    assert.same({ "e1", "f1" }, err.result.pendingIds)
    assert.equal("c1 unknown", outcomes(err)[3])
  end)

  it("keeps the order of a large list, whatever was left", function()
    local ids = service.ids(1003)
    local options = service.options(function(_, n)
      if n % 3 == 0 then return nil, "reset", true end
      if n % 3 == 1 then return nil, "refused" end
      return 200, service.envelope(0, 7, {})
    end, { attempts = 1, chunk_size = 7, concurrency = 1 })
    local err = select(2, geelark.delete(ids, options))
    local result = assert(geelark.resume(err, (service.options(service.success))))
    local n = 0
    for id, state in geelark.outcomes(result) do
      n = n + 1
      assert.equal(ids[n], id)
      assert.equal("deleted", state)
    end
    assert.equal(1003, n)
  end)

  it("takes the options of delete and checks them before anything is sent", function()
    local ok, why = pcall(geelark.resume, interrupted(), { chunksize = 5 })
    assert.is_false(ok)
    assert.matches("did you mean chunk_size", why)
  end)
end)
