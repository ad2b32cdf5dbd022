-- Builds the module with a deliberate fault in it, from a copy of the sources. One copy serves
-- all mutations in turn: only files whose text changes are written, so make compiles no others.
-- Each run has a copy of its own, by the core that it tries: valgrind's and the sanitizers' go on
-- at the same time.

local shell = require "spec.support.shell"

local core = package.cpath:match "build/([^;?]*)/%?%.so" or "core"
local FOLDER = "build/mutants/" .. core:gsub("/", "_")
local TREE, BUILD = FOLDER .. "/src", FOLDER .. "/lua5.4"

local function write(path, text)
  local file = assert(io.open(path, "wb"))
  assert(file:write(text))
  assert(file:close())
end

-- Text of every source and header, by its path under src/.
local function sources()
  local texts = {}
  for path in shell.output "find src -name '*.[ch]'":gmatch "[^\n]+" do
    texts[path:match "^src/(.*)$"] = shell.read(path)
  end
  return texts
end

local function patched(text, mutation)
  local from, to = text:find(mutation.find, 1, true)
  assert(from, "not found in " .. mutation.file .. ": " .. mutation.find)
  assert(not text:find(mutation.find, to + 1, true),
    "found more than once in " .. mutation.file .. ": " .. mutation.find)
  return text:sub(1, from - 1) .. mutation.replace .. text:sub(to + 1)
end

-- The path of a file, whichever folder it is in.
local function path_of(name, texts)
  for path in pairs(texts) do
    if path:match "[^/]*$" == name then return path end
  end
  error("no file " .. name .. " in src")
end

-- Makes the copy hold these files, and no other source.
local function update_copy(texts)
  shell.run("mkdir -p " .. TREE)
  for path in shell.output("find " .. TREE .. " -name '*.[ch]'"):gmatch "[^\n]+" do
    if not texts[path:sub(#TREE + 2)] then os.remove(path) end
  end
  for path, text in pairs(texts) do
    local copy = TREE .. "/" .. path
    local file = io.open(copy, "rb")
    local old = file and file:read "*a"
    if file then file:close() end
    if old ~= text then
      shell.run("mkdir -p " .. shell.quote(copy:match "^(.*)/"))
      write(copy, text)
    end
  end
end

---Builds it for Lua 5.4. Raises where the place to change isn't found exactly once.
---@param mutation spec.support.Mutation
---@param kind string|nil part of the name of another folder, for a build with
---@param flags string|nil other CPPFLAGS
---@return string cpath under which `require` finds the mutant
return function(mutation, kind, flags)
  local build = BUILD .. (kind or "")
  local texts = sources()
  local path = path_of(mutation.file, texts)
  texts[path] = patched(texts[path], mutation)
  update_copy(texts)
  shell.run(("make -s all LUA=lua5.4 SRC=%s BUILD=%s OPTIMISE=-O0 WARNINGS=-w CPPFLAGS='%s'")
    :format(TREE, build, flags or ""))
  return build .. "/?.so;;"
end
