-- geelark: deletes GeeLark cloud phones, any number of them, and accounts for every id.
-- The work is done by geelark.core, in C; this is what a script sees of it. The shapes of
-- options, results and the like are described in geelark/types.lua.

-- The Lua that a core was built for, as it says itself; nil for one that says nothing.
local function built_for(path)
  local file = io.open(path, "rb")
  local text = file and file:read "*a" or ""
  if file then file:close() end
  return text:match "geelark%.core for (Lua %d%.%d)"
end

-- Why there is no core, and what helps.
local function describe(trouble)
  local jit = rawget(_G, "jit")
  local path = trouble:match "^error loading module 'geelark%.core' from file '(.-)'"
  local lua = path and built_for(path) or "another Lua"
  local why
  if not path then
    why = "geelark/core.so is in no folder of package.cpath"
  elseif lua == _VERSION then
    why = path .. " can't be loaded"
  else
    why = path .. " was built for " .. lua
  end
  local name = jit and "luajit" or _VERSION:lower():gsub(" ", "")
  local command = rawget(_G, "vim") and "make nvim" or "make install LUA=" .. name
  return ("geelark: %s; this is %s. What helps, in a clone of geelark: %s\n%s")
    :format(why, jit and "LuaJIT (" .. _VERSION .. ")" or _VERSION, command, trouble)
end

local loaded, core = pcall(require, "geelark.core")
if not loaded then
  -- A core that runs and then raises has said by itself what is wrong.
  local text = tostring(core)
  local names_file = text:find "^error loading module" or text:find "^module '.-' not found"
  error(names_file and describe(text) or core, 0)
end

local nearest = require "geelark.nearest"

---@class geelark
local geelark = {
  _VERSION = "geelark " .. core.version,
  codes = require "geelark.codes",
  failures = require "geelark.failures",
  journal = require "geelark.journal",
}

-- The core's functions; types.lua has their words and shapes. They stand in one module alone, where
-- Lua finds the name of a function that has raised; asked for them, the core looks there.
local functions = { "delete", "check", "start", "new", "resume", "outcomes" }
for _, name in ipairs(functions) do geelark[name] = core[name] end
setmetatable(core, { __index = geelark }) -- first: where that finds no memory nothing is gone
for _, name in ipairs(functions) do core[name] = nil end

local function append(list, more)
  for _, id in ipairs(more) do list[#list + 1] = id end
  return list
end

--- The ids that are unknown or pending, in the caller's order: ready for the next call.
---@param result geelark.Result|geelark.Error
---@return geelark.Id[]
function geelark.remaining(result)
  if type(result) == "table" and type(result.result) == "table" then result = result.result end
  if type(result) ~= "table" or type(result.unknownIds) ~= "table" then
    error("bad argument #1 to 'remaining' (result expected, got " .. type(result) .. ")", 2)
  end
  -- The core remembers the order; a result that was saved and read again has lost it.
  return core.remaining(result) or append(append({}, result.unknownIds), result.pendingIds)
end

-- Modules of which each needs something of its own, so that it is loaded when it is first asked for.
local function lazy(what, names)
  local known = {}
  for _, name in ipairs(names) do known[name] = true end
  return setmetatable({}, {
    __index = function(loaded_ones, name)
      if not known[name] then
        error(("geelark.%s.%s: there is none, did you mean geelark.%s.%s?")
          :format(what, tostring(name), what, nearest(name, known)), 2)
      end
      loaded_ones[name] = require(("geelark.%s.%s"):format(what, name))
      return loaded_ones[name]
    end,
  })
end

geelark.loop = lazy("loop", { "cqueues", "luv", "ngx", "nvim" })
geelark.limiter = lazy("limiter", { "redis", "sqlite" })

return geelark
