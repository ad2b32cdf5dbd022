-- The programs that are measured. Each has a name and a command, and maybe environment
-- variables of its own; what it does with a load is its client's matter.

local shell = require "spec.support.shell"

local folder = "build/bench"

local programs = {
  floor = { name = "floor", command = folder .. "/floor" },
  --- Prints what the command after it took.
  rusage = folder .. "/rusage",
}

--- Compiles the programs that are written in C.
function programs.build()
  shell.run("mkdir -p %s", folder)
  for _, name in ipairs { "floor", "rusage" } do
    shell.run("cc -std=c99 -Wall -Wextra -pedantic -O2 -o %s %s "
      .. "$(pkg-config --cflags --libs libcurl)",
      folder .. "/" .. name, "spec/bench/" .. name .. ".c")
  end
end

local search_path = "lua/?.lua;lua/?/init.lua;./?.lua;;"

local function client(lua, script, name)
  return { name = name .. ", " .. lua, command = lua .. " spec/bench/clients/" .. script,
    environment = { LUA_PATH = search_path } }
end

--- The hand-written loop, over luasocket or over a binding of libcurl.
---@param lua string the interpreter's name
---@param over "luasocket"|"binding"
function programs.handwritten(lua, over)
  return client(lua, over .. ".lua", "hand-written, " .. over)
end

--- The loop over a binding that ours is judged against, by ours' Lua. Debian has the binding for
--- no Lua above 5.2, so that Lua 5.1 stands in for 5.4.
---@return table<string, table>
function programs.loops()
  return { ["lua5.4"] = programs.handwritten("lua5.1", "binding"),
    luajit = programs.handwritten("luajit", "binding") }
end

local function core(lua)
  local path = "build/" .. lua .. "/geelark/core.so"
  local file = io.open(path)
  if not file then error(path .. " is missing: make LUA=" .. lua, 0) end
  file:close()
  return "build/" .. lua .. "/?.so;;"
end

--- A script that runs in Neovim.
---@param script string
function programs.neovim(script)
  return { name = "Neovim",
    command = ("nvim --headless --clean -n -i NONE -c 'luafile spec/bench/clients/%s' -c cquit")
      :format(script),
    environment = { LUA_PATH = search_path, LUA_CPATH = core "luajit" } }
end

--- Ours, in one of the ways that its client knows, or another script that needs our
--- module.
---@param lua string
---@param mode? "delete"|"job"|"key"|"idle"|"clock"|"look"|"specs"
---@param script? string
function programs.geelark(lua, mode, script)
  mode = mode or "delete"
  local program = client(lua, script or "geelark.lua",
    mode == "delete" and "geelark" or "geelark, " .. mode)
  program.environment.LUA_CPATH = core(lua)
  program.environment.BENCH_MODE = mode
  return program
end

--- The same program with ids in an order of no meaning.
function programs.shuffled(program)
  local environment = { BENCH_SHUFFLED = 1 }
  for name, value in pairs(program.environment) do environment[name] = value end
  return { name = program.name .. ", shuffled ids", command = program.command,
    environment = environment }
end

return programs
