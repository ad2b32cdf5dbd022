-- The rockspec names every file of the tree, and the tree holds nothing else at its top. What
-- else lies about in a clone (builds, what LuaRocks leaves, notes) isn't part of the tree.

local shell = require "spec.support.shell"

local function lines(text)
  local list = {}
  for line in text:gmatch "[^\n]+" do list[#list + 1] = line end
  table.sort(list)
  return list
end

-- A line of .gitignore as a Lua pattern for "/path".
local function ignored_pattern(line)
  local pattern = line:gsub("[%-.+?%%]", "%%%0"):gsub("%*", "[^/]*")
  if pattern:sub(-1) ~= "/" then pattern = pattern .. "$" end
  return pattern:sub(1, 1) == "/" and "^" .. pattern or "/" .. pattern
end

local function ignored_patterns()
  local patterns = {}
  for line in io.lines ".gitignore" do
    if line:find "^[^#]" then patterns[#patterns + 1] = ignored_pattern(line) end
  end
  return patterns
end

local function is_ignored(path, patterns)
  for _, pattern in ipairs(patterns) do
    if ("/" .. path):find(pattern) then return true end
  end
  return false
end

-- Without git (an unpacked archive): all that .gitignore doesn't name.
local function found_files()
  local patterns, files = ignored_patterns(), {}
  for _, path in ipairs(lines(shell.output "find * -type f")) do
    if not is_ignored(path, patterns) then files[#files + 1] = path end
  end
  return files
end

local tracked = lines(shell.output "git ls-files 2>/dev/null")
local tree = #tracked > 0 and tracked or found_files()

-- The files of the tree of which a pattern holds.
local function matching(pattern)
  local list = {}
  for _, path in ipairs(tree) do
    if path:find(pattern) then list[#list + 1] = path end
  end
  return list
end

local function rockspec()
  local values = {}
  local load_in = setfenv and function(path) return setfenv(assert(loadfile(path)), values) end
    or function(path) return assert(loadfile(path, "t", values)) end
  load_in "geelark-scm-1.rockspec"()
  return values
end

describe("the rockspec", function()
  it("builds the core from every source", function()
    local sources = rockspec().build.modules["geelark.core"].sources
    table.sort(sources)
    assert.same(matching "^src/.*%.c$", sources)
  end)

  it("installs every Lua file under its module's name", function()
    local paths = {}
    for name, path in pairs(rockspec().build.modules) do
      if type(path) == "string" then
        assert.equal("lua/" .. name:gsub("%.", "/") .. ".lua", path)
        paths[#paths + 1] = path
      end
    end
    table.sort(paths)
    assert.same(matching "^lua/.*%.lua$", paths)
  end)
end)

describe("the top level", function()
  it("holds the agreed entries and nothing else", function()
    local agreed = { src = true, lua = true, spec = true, doc = true, plugin = true,
      Makefile = true, ["README.md"] = true, ["CHANGELOG.md"] = true, LICENSE = true,
      ["geelark-scm-1.rockspec"] = true }
    for _, path in ipairs(matching "^[^.]") do
      local name = path:match "^[^/]+"
      assert.is_true(agreed[name], name)
    end
  end)
end)

describe("without git", function()
  local patterns = ignored_patterns()
  for path, ignored in pairs {
    ["build/lua5.4/geelark/core.so"] = true, ["geelark/core.so"] = true, ["src/ids.o"] = true,
    ["src/lib/ids.o"] = true, ["geelark-scm-1.all.rock"] = true,
    ["lua/geelark/core.so"] = true, ["doc/tags"] = true, ["doc/geelark.txt"] = false,
    ["lua/geelark/codes.lua"] = false, ["src/ids.c"] = false, ["geelark-scm-1.rockspec"] = false,
  } do
    it((ignored and "leaves out " or "sees ") .. path, function()
      assert.equal(ignored, is_ignored(path, patterns))
    end)
  end
end)
