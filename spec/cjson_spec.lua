-- lua-cjson: needed, and an instance of our own, so that neither the host nor we change what the
-- other's settings are.

local shell = require "spec.support.shell"

-- What a script prints in an interpreter of its own.
local function say(script)
  return shell.output(shell.run_lua(script) .. " 2>&1")
end

describe("where lua-cjson can't be loaded", function()
  local without = [[package.preload.cjson = function() error "no such library" end
    print(select(2, pcall(require, "%s")))]]

  for _, module in ipairs { "geelark", "geelark.core" } do
    it(("require %q says which package is needed"):format(module), function()
      local said = say(without:format(module))
      assert.truthy(said:find("geelark needs lua-cjson (Debian: lua-cjson; LuaRocks: lua-cjson)",
        1, true), said)
    end)
  end

  it("what was raised is told, too", function()
    local said = say(without:format "geelark")
    assert.truthy(said:find("lua%-cjson%): .*no such library$"), said)
  end)

  it("for want of memory that is told, and not that the package is missing", function()
    local said = say((without:gsub("no such library", "cjson.so: not enough memory")
      :format "geelark"))
    assert.equal("not enough memory", said)
  end)
end)

describe("the host's lua-cjson", function()
  -- What becomes of an answer that has NaN in it, and of one with lists in lists.
  local strange = [[
    local geelark, service = require "geelark", require "spec.support.service"
    local function delete(value)
      local body = service.envelope(0, 1, {}):gsub("^{", '{"a":' .. value .. ",")
      local result, err = geelark.delete({ "1" }, (service.options { { 200, body }, { 429, "" } }))
      return result and "deleted" or #err.result.unknownIds .. " unknown"
    end
    print(delete "NaN", delete(("["):rep(20) .. ("]"):rep(20)))
  ]]

  for when, order in pairs { before = "%s %s", after = "%s local before = true; %s" } do
    it("has no say in what an answer is, though its settings were changed " .. when, function()
      local settings = [[
        local cjson = require "cjson"
        cjson.decode_invalid_numbers(true)
        cjson.decode_max_depth(3)
      ]]
      local script = when == "before" and order:format(settings, strange)
        or order:format('require "geelark"', settings .. strange)
      assert.equal("1 unknown\tdeleted", say(script))
    end)
  end

  it("is not asked, though the host has put another decoder in its place", function()
    assert.equal("1 unknown\tdeleted", say([[
      require "geelark"
      require("cjson").decode = function() error "the host's own" end
    ]] .. strange))
  end)

  it("keeps its settings", function()
    local told = "print(cjson.decode_invalid_numbers(), cjson.decode_max_depth())"
    local said = say('local cjson = require "cjson" ' .. told .. strange .. told
      .. " print(cjson.decode '[0x10]'[1] == 16)")
    assert.equal("true\t1000\n1 unknown\tdeleted\ntrue\t1000\ntrue", said)
  end)
end)

describe("a table called vim", function()
  local stubs = { ["without json"] = "{}", ["whose json reads nothing"] = "{ json = {} }" }
  for what, vim in pairs(stubs) do
    it(what .. " is no Neovim", function()
      assert.equal("1", say("vim = " .. vim .. [[
        local geelark, service = require "geelark", require "spec.support.service"
        print(assert(geelark.delete({ "1" }, (service.options(service.success)))).successAmount)
      ]]))
    end)
  end
end)

describe("Neovim's json", function()
  it("has no say in what a number is: it takes more than JSON knows", function()
    assert.equal("1\t1\t1\t1\t0", say [[
      local lax = require("cjson").new()
      lax.decode_invalid_numbers(true)
      vim = { json = { decode = lax.decode } }
      local geelark, service = require "geelark", require "spec.support.service"
      local function lost(value)
        local body = service.envelope(0, 1, {}):gsub("^{", '{"a":' .. value .. ",")
        local options = service.options({ { 200, body } }, { attempts = 1 })
        local _, err = geelark.delete({ "1" }, options)
        return err and #err.result.unknownIds or 0
      end
      print(lost "+1", lost "01", lost "-01.5", lost "NaN", lost "-0.5e+1")
    ]])
  end)
end)
