-- Every Lua block of README.md and of the manual is run, and prints what the page says it prints.

local geelark = require "geelark"
local readme = require "spec.support.readme"
local shell = require "spec.support.shell"
local temporary = require "spec.support.temporary"

-- A page of one's own.
local function page(text)
  local directory = temporary.new()
  finally(function() directory:remove() end)
  return readme.blocks(nil, directory:write("page.md", text))
end

local function outcome(text)
  local block = page(text)[1]
  return pcall(readme.check, block, readme.run(block))
end

describe("the README's runner", function()
  it("finds every Lua block, its line, its host and its fixture", function()
    local blocks = page [[
# One
```lua
print(1)
```
```sh
make
```
<!-- run: nvim
phones = 3 -->

```lua
print(2)
```
]]
    assert.same({ 2, 3, 12 }, { #blocks, blocks[1].line, blocks[2].line })
    assert.same({ "One", "print(1)", "lua" },
      { blocks[1].heading, blocks[1].source, blocks[1].host })
    assert.same({ "nvim", "phones = 3" }, { blocks[2].host, blocks[2].options })
  end)

  it("fails a block that raises, and names the page's line", function()
    local ok, why = outcome "```lua\nlocal x = 1\nerror 'no'\n```\n"
    assert.is_false(ok)
    assert.matches("page.lua:3: no", why, 1, true)
  end)

  it("fails a block that ends with another status or writes to standard error", function()
    assert.is_false((outcome "```lua\nos.exit(3)\n```\n"))
    assert.is_false((outcome "```lua\nio.stderr:write 'oh'\n```\n"))
  end)

  it("fails a block that prints something else than the page says", function()
    local rest = "\n```\n<!-- prints -->\n```text\n250\n```\n"
    assert.is_true((outcome("```lua\nprint(#ids)" .. rest)))
    assert.is_false((outcome("```lua\nprint(#ids + 1)" .. rest)))
  end)

  it("fails a spec for busted that fails", function()
    local spec = "<!-- run: busted -->\n"
      .. "```lua\nit('holds', function() assert.is_%s(true) end)\n```\n"
    assert.is_true((outcome(spec:format "true")))
    assert.is_false((outcome(spec:format "false")))
  end)

  it("lets a block delete phones of its own simulator alone", function()
    local block = "```lua\nassert(geelark.delete(ids).successAmount == 244)\n```\n"
    assert.is_true((outcome(block)))
  end)
end)

-- The text of all the other specs.
local function other_specs()
  local files = shell.output "find spec -name '*_spec.lua' ! -name readme_spec.lua"
  local texts = {}
  for path in files:gmatch "[^\n]+" do texts[#texts + 1] = shell.read(path) end
  return table.concat(texts, "\n")
end

for _, path in ipairs { "README.md", "doc/manual.md" } do
  describe(path, function()
    for _, block in ipairs(readme.blocks(nil, path)) do
      local name = ("line %d, %s, %s"):format(block.line, block.heading, block.host)
      if readme.hosts[block.host] then
        it(name, function() readme.check(block, readme.run(block)) end)
      else
        it(name .. ": a spec of its own runs it", function()
          assert.matches("readme%.blocks%W+" .. block.host .. "%W", other_specs())
        end)
      end
    end
  end)
end

describe("README.md", function()
  it("names only options that there are", function()
    local table_of_options = shell.read "README.md":match "\n## Options\n(.-)\n## "
    local seen = 0
    for row in table_of_options:gmatch "\n| (`[^|]*) |" do
      for name in row:gmatch "`([%l_]+)`" do
        local ok, why = pcall(geelark.delete, {}, { [name] = io.stdout })
        assert.is_false(ok)
        assert.matches(name .. ": %l+.* expected, got userdata", why)
        seen = seen + 1
      end
    end
    assert.equal(21, seen)
  end)

  it("has a heading for each of its own links", function()
    local text, headings = shell.read "README.md", {}
    for heading in text:gmatch "\n#+ ([^\n]*)" do
      headings[heading:lower():gsub("[^%w -]", ""):gsub(" ", "-")] = true
    end
    for anchor in text:gmatch "%]%(#([^)]*)%)" do
      assert.is_true(headings[anchor], "no heading #" .. anchor)
    end
  end)
end)
