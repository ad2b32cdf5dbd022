-- A job that is done closes its journal where there is no memory, too: else the file would stay locked.

local geelark = require "geelark"
local journal = require "geelark.journal"
local service = require "geelark.simulator"
local native = require "spec.support.native"
local shell = require "spec.support.shell"
local temporary = require "spec.support.temporary"

describe("a journal", function()
  local folder
  before_each(function() folder = temporary.new() end)
  after_each(function() folder:remove() end)

  -- How many allocations fail, one by one, while `action` runs with an open journal. Lua's own stack
  -- grows before it, for the many locals and the deep call.
  local function sweep(action, onwards)
    local locals = ("local x "):rep(100)
    return native "failing_allocator"(([[
      package.path = %q
      local account = require("geelark.core").account { "d1" }
      local write, connection = require("geelark.journal").open(%q, "https://x.y", account)
      local function deep(n) return n == 0 and connection:ping() or n > 0 and (deep(n - 1)) end
      return function()
        %s
        return deep(8) and %s
      end
    ]]):format(package.path, folder:file "run.db", locals, action), package.cpath, onwards)
  end

  for _, onwards in ipairs { false, true } do
    it("is closed without memory" .. (onwards and ", and none to come" or ""), function()
      local of_lua = sweep("true", onwards)
      local points, wrong = sweep("pcall(write) and not connection:ping()", onwards)
      assert.is_nil(wrong)
      assert.equal(of_lua, points)
    end)
  end

  -- Deletes ten phones with a journal whose closing raises this; the values are those of pcall.
  local function delete(raised)
    local open = journal.open
    journal.open = function(...)
      local write, connection = open(...)
      return function(event)
        write(event)
        if not event then error(raised, 0) end
      end, connection
    end
    finally(function() journal.open = open end)
    local phones = service.new { phones = 10 }
    return pcall(geelark.delete, phones:ids(),
      phones:options { journal = folder:file "run.db" })
  end

  it("that can't be closed changes nothing of the account", function()
    local _, result, err = delete "no reason"
    assert.is_nil(err)
    assert.equal(10, result.successAmount)
  end)

  it("that can't be closed for want of memory makes the call raise that", function()
    assert.same({ false, "not enough memory" }, { delete "not enough memory" })
  end)

  -- LuaDBI by itself crashes LuaJIT there, and Lua 5.1 can't tell that a finaliser is running.
  if _VERSION ~= "Lua 5.1" then
    it("that is in use is told so to a finaliser at the end of the Lua state", function()
      local script = ([[
        local finaliser, geelark = require "spec.support.finaliser", require "geelark"
        local service = require "spec.support.service"
        local options = service.options(service.success, { journal = %q })
        job = geelark.start({ "d1" }, options)
        keep = finaliser(function()
          print(select(2, geelark.delete({ "d1" }, options)).message:match "is in use")
        end)
      ]]):format(folder:file "run.db")
      assert.equal("is in use", shell.output("MALLOC_PERTURB_=165 timeout 20 sh -c "
        .. shell.quote(shell.run_lua(script))))
    end)
  end
end)
