-- A job that is done closes its journal where there is no memory, too: else the file would stay locked.

local native = require "spec.support.native"
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
end)
