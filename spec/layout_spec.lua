-- The rockspec names every file of the tree, and the tree holds nothing else at its top.

local function lines(command)
  local list = {}
  for line in assert(io.popen(command)):lines() do list[#list + 1] = line end
  table.sort(list)
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
    assert.same(lines "ls src/*.c", sources)
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
    assert.same(lines "find lua -name '*.lua'", paths)
  end)
end)

describe("the top level", function()
  it("holds the agreed entries and nothing else", function()
    local agreed = { src = true, lua = true, spec = true, build = true, Makefile = true,
      ["README.md"] = true, ["CHANGELOG.md"] = true, LICENSE = true }
    for _, name in ipairs(lines "ls") do
      assert.is_true(agreed[name] or name:match "%.rockspec$" ~= nil, name)
    end
  end)
end)
