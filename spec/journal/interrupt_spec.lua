-- geelark.journal: Ctrl-C while it is being written. As the interpreter's own, the hook comes at the
-- next instruction of Lua's after the signal, takes itself away and raises.

local DBI = require "DBI"
local geelark = require "geelark"
local service = require "spec.support.service"
local temporary = require "spec.support.temporary"

local function interrupt()
  debug.sethook(function()
    debug.sethook()
    error "interrupted!"
  end, "cr", 1)
end

-- A connection that is told of each of its commits, when it is done.
local function tell_commits(connection, tell)
  local proxy = {}
  for _, name in ipairs { "autocommit", "close" } do
    proxy[name] = function(_, ...) return connection[name](connection, ...) end
  end
  function proxy.prepare(_, sql)
    local statement, why = connection:prepare(sql)
    if sql ~= "COMMIT" then return statement, why end
    return {
      execute = function()
        local done, failure = statement:execute()
        tell()
        return done, failure
      end,
      close = function() return statement:close() end,
    }
  end
  return proxy
end

describe("an interrupt that meets the journal", function()
  local connect = DBI.Connect
  local folder

  before_each(function() folder = temporary.new() end)
  after_each(function()
    debug.sethook()
    DBI.Connect = connect
    folder:remove()
  end)

  -- The outcome of a call whose n-th commit is interrupted, and how often it asked.
  local function delete(n)
    function DBI.Connect(...)
      return tell_commits(connect(...), function()
        n = n - 1
        if n == 0 then interrupt() end
      end)
    end
    local given, log = service.options(service.success,
      { journal = folder:file "run.db", chunk_size = 1, concurrency = 1 })
    local called, result, err = pcall(geelark.delete, { "d1", "d2", "d3" }, given)
    DBI.Connect = connect
    assert(called, result)
    assert.is_nil(result)
    return err, #log
  end

  -- The first three commits open the file, and each request has two.
  for n, case in ipairs {
    { "while it is opened", 3, 0 }, { "before a request leaves", 4, 0 },
    { "after an answer", 5, 1 }, { "before the next request leaves", 6, 1 },
  } do
    it("cancels the job, and nothing is lost: " .. case[1], function()
      local err, asked = delete(case[2])
      assert.equal("cancelled", err.kind)
      assert.equal(case[3], asked)
      assert.equal(asked, err.result.successAmount)
      assert.equal(3 - asked, #err.result.pendingIds)
      if n == 1 then return end -- it has no ids yet
      local read = assert(geelark.journal.read(folder:file "run.db"))
      assert.same(err.result.pendingIds, read.pendingIds)
      assert.equal(asked, #read.requests)
    end)
  end
end)
