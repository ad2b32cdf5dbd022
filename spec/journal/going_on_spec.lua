-- geelark.journal: the same call with the same file goes on where the last one ended.

local asked = require "spec.support.asked"
local geelark = require "geelark"
local service = require "spec.support.service"
local shell = require "spec.support.shell"
local simulator = require "geelark.simulator"
local temporary = require "spec.support.temporary"

local jit = rawget(_G, "jit")

local function outcomes(result)
  local list = {}
  for id, state, code in geelark.outcomes(result) do
    list[#list + 1] = table.concat({ tostring(id), state, code }, " ")
  end
  return list
end

local function refuse(code)
  return function(request)
    local failures = {}
    for i, id in ipairs(request.ids) do failures[i] = service.failure(id, code, "no") end
    return 200, service.envelope(0, #request.ids, failures)
  end
end

local gone = refuse(42001)

-- Each id's answer by its first letter: d is deleted, f refused, u lost, a gone, p comes to a job
-- that has been stopped.
local answers = {
  d = service.success,
  f = refuse(43007),
  u = function() return nil, "reset", true end,
  n = function() return nil, "no route", false end,
  q = function() return 200, '{"code":40007,"msg":"too many"}' end,
  a = gone,
  p = function() return service.code(40003) end,
}

local function by_letter(request) return answers[request.ids[1]:sub(1, 1)](request) end

-- Options of a call that asks for one id at a time and tries once.
local function options(file, more)
  local given = { journal = file, chunk_size = 1, concurrency = 1, attempts = 1, max_wait = 30 }
  for name, value in pairs(more or {}) do given[name] = value end
  return given
end

describe("a call with a journal", function()
  local folder, file

  before_each(function()
    folder = temporary.new()
    file = folder:file "run.db"
  end)
  after_each(function() folder:remove() end)

  local function delete(ids, answer, more)
    local given, log = service.options(answer, options(file, more))
    local result, err = geelark.delete(ids, given)
    return result, err, log
  end

  it("is like one without, the first time", function()
    local result = assert(delete({ "d1", "f1", "d2", "d1" }, by_letter))
    assert.same({ "d1 deleted", "f1 failed 43007", "d2 deleted" }, outcomes(result))
    assert.equal(1, result.duplicateAmount)
  end)

  it("doesn't ask again for what is gone, which stands in the account", function()
    assert(delete({ "d1", "d2" }, by_letter))
    local result, _, log = delete({ "d1", "d2" }, by_letter)
    assert.same({}, asked(log))
    assert.same({ "d1 deleted", "d2 deleted" }, outcomes(result))
    assert.equal(2, result.successAmount)
    assert.same({}, result.presumedIds)
  end)

  it("asks first for what never was asked, then for what was refused, last for what has no answer",
    function()
      local ids = { "u1", "f1", "d1", "p1", "u2", "x2" }
      local _, err = delete({ "u1", "f1", "d1", "p1" }, by_letter)
      assert.same({ "u1 unknown", "f1 failed 43007", "d1 deleted", "p1 pending" }, outcomes(err))
      local _, _, log = delete(ids, service.success)
      assert.same({ "p1", "u2", "x2", "f1", "u1" }, asked(log))
    end)

  it("presumes what it asked for without an answer, once the service says it is gone", function()
    delete({ "u1" }, by_letter)
    local result = assert(delete({ "u1" }, gone))
    assert.same({ "u1" }, result.presumedIds)
    result = assert(delete({ "u1" }, by_letter))
    assert.same({ "u1" }, result.presumedIds)
  end)

  for _, case in ipairs {
    { "f1", "was refused" }, { "n1", "surely never left" }, { "q1", "met too many requests" },
    { "p1", "met a code that stops a job" },
  } do
    it("doesn't presume what " .. case[2], function()
      delete({ case[1] }, by_letter)
      local result = assert(delete({ case[1] }, gone))
      assert.same({}, result.presumedIds)
      assert.equal(42001, result.failDetails[1].code)
    end)
  end

  it("remembers through a refusal that an earlier try had no answer", function()
    delete({ "u1" }, by_letter)
    assert(delete({ "u1" }, refuse(43007)))
    assert.same({ "u1" }, assert(delete({ "u1" }, gone)).presumedIds)
  end)

  it("gives the account of the call's list alone", function()
    assert(delete({ "d1", "d2" }, by_letter))
    local result, _, log = delete({ "d3", "d2" }, by_letter)
    assert.same({ "d3" }, asked(log))
    assert.same({ "d3 deleted", "d2 deleted" }, outcomes(result))
    assert.equal(2, result.totalAmount)
  end)

  it("takes a list that is asked for in hundreds", function()
    local ids = service.ids(1050)
    local first = true
    delete(ids, function(request)
      if not first then return service.code(40003) end
      first = false
      return service.success(request)
    end, { chunk_size = 100 })
    local result, _, log = delete(ids, service.success, { chunk_size = 100 })
    assert.equal(10, #log)
    assert.equal(1050, result.successAmount)
  end)

  it("knows integers by their digits", function()
    if math.type == nil then return assert.is_nil(math.type) end -- no integers in this Lua
    assert(delete({ 528086321789535232 }, service.success))
    local result, _, log = delete({ "528086321789535232" }, service.success)
    assert.same({}, asked(log))
    assert.equal(1, result.successAmount)
  end)

  it("goes on after a job that was cancelled, or closed", function()
    for _, ending in ipairs { "cancel", "close" } do
      local given = service.options(service.success, options(file))
      local client = assert(geelark.new(given))
      local job = client:start({ "d1" .. ending, "d2" .. ending }, { journal = file })
      if ending == "cancel" then job:cancel() else client:close() end
      while not job:step(1) do assert.is_table(job:progress()) end
      local result = assert(delete({ "d1" .. ending, "d2" .. ending }, service.success))
      assert.equal(2, result.successAmount)
    end
  end)

  it("goes on after a job that was dropped", function()
    local function drop()
      assert.is_userdata(geelark.start({ "d1" }, (service.options(service.success, options(file)))))
    end
    drop()
    if jit then jit.flush() end -- its traces refer to values that they met
    assert.equal(1, assert(delete({ "d1" }, service.success)).successAmount)
  end)

  it("works for a client's jobs, one after the other", function()
    local given, log = service.options(service.success, options(file))
    local client = assert(geelark.new(given))
    for _ = 1, 2 do assert.equal(2, assert(client:delete { "d1", "d2" }).successAmount) end
    assert.equal(2, #log)
  end)

  it("resumes, and knows then what the resumed call knew", function()
    local given = service.options(by_letter, { chunk_size = 1, concurrency = 1, attempts = 1 })
    local _, err = geelark.delete({ "d1", "u1", "f1", "p1" }, given)
    local again, log = service.options(gone, options(file))
    local result = assert(geelark.resume(err, again))
    assert.same({ "p1", "u1" }, asked(log))
    local expected = { "d1 deleted", "u1 presumed", "f1 failed 43007", "p1 failed 42001" }
    assert.same(expected, outcomes(result))
    assert.same(expected, outcomes(assert(geelark.journal.read(file))))
  end)

  -- What came of the ids of a call without journal.
  local function outcome_of(ids)
    local given = service.options(by_letter, { chunk_size = 1, concurrency = 1, attempts = 1 })
    local result, err = geelark.delete(ids, given)
    return result or err
  end

  it("that resumes believes the file of what it knows is gone, or may be", function()
    local earlier = outcome_of { "f1", "f2", "f3", "n1" }
    delete({ "f1" }, service.success)
    delete({ "f2" }, answers.u)
    local given, log = service.options(by_letter, options(file))
    local _, err = geelark.resume(earlier, given)
    assert.same({ "n1", "f2" }, asked(log))
    local expected = { "f1 deleted", "f2 failed 43007", "f3 failed 43007", "n1 pending" }
    assert.same(expected, outcomes(err))
    assert.equal(1, err.result.successAmount)
    assert.equal(2, #err.result.failDetails)
    local read = outcomes(assert(geelark.journal.read(file)))
    table.sort(read)
    assert.same(expected, read)
    assert.same({ "f2" }, assert(delete({ "f2" }, gone)).presumedIds)
  end)

  for _, journal in ipairs { "with", "without" } do
    it("that resumes one " .. journal .. " it remembers what failed and may have been obeyed",
      function()
        local tried = {}
        local given = service.options(function(request)
          local id = request.ids[1]
          tried[id] = (tried[id] or 0) + 1
          return (id == "f1" and tried[id] == 1 and answers.u or by_letter)(request)
        end, options(journal == "with" and file or nil, { attempts = 2 }))
        local _, err = geelark.delete({ "f1", "p1" }, given)
        assert.same({ "f1 failed 43007", "p1 pending" }, outcomes(err))
        assert(geelark.resume(err, (service.options(service.success, options(file)))))
        assert.same({ "f1" }, assert(delete({ "f1" }, gone)).presumedIds)
      end)
  end

  it("stands as it was asked when the job ends, whatever a callback raises", function()
    delete({ "d1", "d2" }, service.success, { on_progress = function() error "mine" end })
    local read = assert(geelark.journal.read(file))
    assert.same({ "d1 deleted", "d2 pending" }, outcomes(read))
  end)

  it("takes back a request that on_event keeps from leaving", function()
    local function raise() error "mine" end
    local _, err, log = delete({ "d1" }, service.success, { on_event = raise })
    assert.equal("callback", err.kind)
    assert.same({}, asked(log))
    local read = assert(geelark.journal.read(file))
    assert.same({ "d1 pending" }, outcomes(read))
    assert.same({}, read.requests)
  end)

  -- What a process that is killed now would leave behind.
  local function read_as_left()
    local copy = folder:file "copy.db"
    shell.run("cp %s %s && cp %s %s", file, copy, file .. "-wal", copy .. "-wal")
    return assert(geelark.journal.read(copy))
  end

  it("has a request and its ids on the disk before it leaves", function()
    local left
    delete({ "d1", "d2", "d3" }, function(request)
      left = left or { read_as_left(), request.traceId }
      return service.success(request)
    end, { chunk_size = 2 })
    assert.same({ "d1 unknown", "d2 unknown", "d3 pending" }, outcomes(left[1]))
    assert.equal(left[2], left[1].requests[1].traceId)
  end)

  it("has what became of them there before the next one leaves", function()
    local left, noted
    delete({ "d1", "f1", "d2" }, function(request)
      if request.ids[1] == "d2" then left = read_as_left() end
      return by_letter(request)
    end)
    noted = left.requests[2]
    assert.same({ "d1 deleted", "f1 failed 43007", "d2 unknown" }, outcomes(left))
    assert.same({ 0, "msg", 200, 1, "delete" },
      { noted.code, noted.msg, noted.httpStatus, noted.amount, noted.action })
  end)

  it("knows whose phones an earlier call has stopped", function()
    local phones = simulator.new { phones = { a1 = "started" } }
    local job
    job = geelark.start({ "a1" }, phones:options { journal = file, stop_started = true,
      on_event = function(event)
        if event.type == "settle" and event.action == "stop" then job:cancel() end
      end })
    while not job:step(10) do assert.equal(1, job:progress().stoppingAmount) end
    assert.same({ "a1 failed 43009" }, outcomes(assert(geelark.journal.read(file))))
    phones:set("a1", "stopped")
    local result = assert(geelark.delete({ "a1" }, phones:options { journal = file }))
    assert.same({ "a1" }, result.stoppedIds)
    assert.equal(1, result.successAmount)
  end)

  it("that resumes one without a journal notes whose phones that one has stopped", function()
    local phones = simulator.new { phones = { a1 = "started", b1 = "started", c1 = "stopped" } }
    local job
    job = geelark.start({ "a1", "b1", "c1" }, phones:options { stop_started = true, chunk_size = 1,
      on_event = function(event)
        if event.type == "settle" and event.action == "stop" then job:cancel() end
      end })
    while not job:step(10) do assert.is_true(job:progress().pendingAmount > 0) end
    local _, err = job:result()
    local stopped = err.result.stoppedIds
    assert.is_true(#stopped > 0)
    assert(geelark.resume(err, phones:options { journal = file }))
    assert.same(stopped, assert(geelark.journal.read(file)).stoppedIds)
  end)

  it("takes a phone that was stopped, and whose next delete has no answer, for unknown", function()
    local phones, left = simulator.new { phones = { a1 = "started" } }, {}
    assert(geelark.delete({ "a1" }, phones:options { journal = file, stop_started = true,
      on_event = function(event)
        if event.type == "send" then left[#left + 1] = outcomes(read_as_left())[1] end
      end }))
    assert.same("a1 unknown", left[1])
    assert.same("a1 failed 43009", left[2])
    assert.same("a1 unknown", left[#left])
  end)

  it("takes what was halved for unknown where an earlier try of it had no answer", function()
    local phones, left = simulator.new { phones = { a1 = "started", b1 = "started" } }, {}
    local given, deletes = phones:options { journal = file, stop_started = true, concurrency = 1,
      on_event = function(event)
        if event.type == "settle" and event.halved then left = outcomes(read_as_left()) end
      end }, 0
    local transport = given.transport
    function given.transport(request)
      if request.path:find "delete$" then deletes = deletes + 1 end
      if deletes == 2 then return nil, "reset", true end
      if deletes == 3 then return service.code(40004) end
      return transport(request)
    end
    assert(geelark.delete({ "a1", "b1" }, given))
    assert.same({ "a1 unknown", "b1 unknown" }, left)
  end)

  it("isn't touched by a dry run", function()
    local result = assert(delete({ "d1" }, service.success, { dry_run = true }))
    assert.same({ "d1" }, result.pendingIds)
    assert.is_nil(io.open(file))
  end)

  it("isn't made where an argument is wrong", function()
    assert.has_error(function() delete({ "no id" }, service.success) end)
    assert.has_error(function() delete({ "d1" }, service.success, { attempts = 0 }) end)
    assert.is_nil(io.open(file))
  end)

  for _, kind in ipairs { "send", "settle" } do
    it("whose disk is full at a note (" .. kind .. ") ends the call and loses nothing", function()
      local journal = require "geelark.journal"
      local open = journal.open
      finally(function() journal.open = open end)
      function journal.open(...)
        local write, connection = open(...)
        return function(event)
          if event and event.type == kind then error("database or disk is full", 0) end
          return write(event)
        end, connection
      end
      local given, log = service.options(service.success, { journal = file, chunk_size = 1,
        concurrency = 1 })
      local _, err = geelark.delete({ "d1", "d2" }, given)
      assert.equal("callback", err.kind)
      assert.truthy(err.message:find("journal: database or disk is full", 1, true), err.message)
      local sent = kind == "send" and 0 or 1
      assert.same({ sent, sent, 2 - sent },
        { #log, err.result.successAmount, #err.result.pendingIds })
      journal.open = open
      assert.equal(2, assert(geelark.delete({ "d1", "d2" }, given)).successAmount)
    end)
  end
end)
