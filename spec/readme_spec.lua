-- Every Lua block of README.md and of the manual is run, and prints what the page says it prints.

local geelark = require "geelark"
local readme = require "spec.support.readme"
local shell = require "spec.support.shell"
local temporary = require "spec.support.temporary"

local PAGES = { "README.md", "doc/manual.md" }

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
    assert.is_true((outcome("```lua\nprint(250)" .. rest)))
    assert.is_false((outcome("```lua\nprint(251)" .. rest)))
  end)

  it("fails a spec for busted that fails", function()
    local spec = "<!-- run: busted -->\n"
      .. "```lua\nit('holds', function() assert.is_%s(true) end)\n```\n"
    assert.is_true((outcome(spec:format "true")))
    assert.is_false((outcome(spec:format "false")))
  end)

  it("lets a block delete phones of its own simulator alone", function()
    local block = "```lua\nlocal geelark = require 'geelark'\n"
      .. "assert(geelark.delete(io.lines 'ids.txt').successAmount == 244)\n```\n"
    assert.is_true((outcome(block)))
  end)

  it("gives a block no variable that it doesn't make", function()
    assert.is_true((outcome "```lua\nassert(geelark == nil and ids == nil)\n```\n"))
  end)
end)

-- Fails for what is no option: for each that there is, core says what it should have been.
local function assert_option(name)
  local ok, why = pcall(geelark.delete, {}, { [name] = io.stdout })
  assert.is_false(ok)
  assert.matches(name .. ": %l+.* expected, got userdata", why)
end

-- The text of all the other specs.
local function other_specs()
  local files = shell.output "find spec -name '*_spec.lua' ! -name readme_spec.lua"
  local texts = {}
  for path in files:gmatch "[^\n]+" do texts[#texts + 1] = shell.read(path) end
  return table.concat(texts, "\n")
end

for _, path in ipairs(PAGES) do
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

describe("the manual's table of options", function()
  it("names only options that there are", function()
    local table_of_options = shell.read "doc/manual.md":match "\n## Options\n(.-)\n### "
    local seen = 0
    for row in table_of_options:gmatch "\n| (`[^|]*) |" do
      for name in row:gmatch "`([%l_]+)`" do
        assert_option(name)
        seen = seen + 1
      end
    end
    assert.equal(24, seen)
  end)
end)

describe("README.md", function()
  it("names only options that there are", function()
    local seen = 0
    for name in shell.read "README.md":gmatch "`[^`\n]*%f[%l_]([%l_]+) = [^`\n]*`" do
      assert_option(name)
      seen = seen + 1
    end
    assert.is_true(seen > 0)
  end)

  it("has at most 10,000 bytes", function()
    assert.is_true(#shell.read "README.md" <= 10000)
  end)
end)

-- The anchors of a page's headings, as its readers' browsers make them.
local function anchors(path)
  local found = {}
  for heading in ("\n" .. shell.read(path)):gmatch "\n#+ ([^\n]*)" do
    local anchor = heading:lower():gsub("[^%w -]", ""):gsub(" ", "-")
    assert.is_nil(found[anchor], path .. " has two headings #" .. anchor)
    found[anchor] = true
  end
  return found
end

describe("the manual's timeout", function()
  -- Without it the process and its group get the signal, which makes two: Lua ends at the second.
  it("sends a script its signal once", function()
    local lines = {}
    for line in shell.read("doc/manual.md"):gmatch "`(timeout [^`\n]*lua[^`\n]*)`" do
      assert.matches("^timeout %-%-foreground %-s INT ", line)
      lines[#lines + 1] = line
    end
    assert.equal(1, #lines)
  end)
end)

describe("the links", function()
  for _, path in ipairs(PAGES) do
    it("of " .. path .. " lead to files and headings that there are", function()
      local folder = path:match "^(.*/)" or ""
      for link in shell.read(path):gmatch "%]%(([^)%s]*)%)" do
        local file, anchor = link:match "^([^#]*)#?(.*)$"
        local target = file == "" and path or folder .. file
        assert.is_string(shell.read(target))
        if anchor ~= "" then
          assert.is_true(anchors(target)[anchor], ("%s: no heading #%s"):format(target, anchor))
        end
      end
    end)
  end
end)
