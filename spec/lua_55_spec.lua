-- What Lua 5.5 refuses and no older Lua minds: a loop that gives its own variable another value. Lua
-- 5.4 finds it where a constant of the same name stands in the variable's place.

local shell = require "spec.support.shell"

if shell.lua_name() ~= "lua5.4" then return end -- which has constants; the files are the same

local function with_constants(text)
  text = ("\n" .. text):gsub("\n[ \t]*%-%-[^\n]*", "\n"):sub(2) -- a comment may have words of a loop
  for _, follows in ipairs { "%s*[,=]", "%s+in%s" } do
    text = text:gsub("(%f[%w_]for%s+([%a_][%w_]*)" .. follows .. ".-%f[%w_]do)%f[^%w_]",
      "%1 local %2 <const> = %2;")
  end
  return text
end

describe("for Lua 5.5", function()
  it("no loop gives its variable another value", function()
    for path in shell.run("find lua plugin spec -name '*.lua'"):gmatch "[^\n]+" do
      assert(load(with_constants(shell.read(path)), "@" .. path))
    end
  end)

  for loop, variable in pairs {
    ["for i = 1, 2 do i = i + 1 end"] = "i",
    ["for key, value in\n  pairs {} do value, key = key, value end"] = "key",
    ["for _ in pairs {} do _ = nil end"] = "_",
  } do
    it("it is found in " .. loop:gsub("%s+", " "), function()
      local _, why = load(with_constants(loop))
      assert.matches("assign to const variable '" .. variable .. "'", why)
    end)
  end
end)
