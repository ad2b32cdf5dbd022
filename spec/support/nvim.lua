-- Neovim for specs: a headless one that runs a script, or one on a screen. Both find the tree's
-- modules as LuaJIT builds them, none of the person's files, and no credentials but those that
-- they are given; what they write goes to a directory of their own.

local screen = require "spec.support.nvim.screen"
local shell = require "spec.support.shell"
local simulator = require "geelark.simulator"
local simulators = require "spec.support.simulator"
local temporary = require "spec.support.temporary"

local DIRECTORIES = "XDG_CACHE_HOME=$PWD/cache XDG_STATE_HOME=$PWD/state "
  .. "XDG_CONFIG_HOME=$PWD/config TMPDIR=$PWD "
local TREE = "XDG_DATA_HOME=$PWD/data LUA_PATH=%s LUA_CPATH=%s "
local INSTALLED = "-u LUA_PATH -u LUA_CPATH -u XDG_DATA_HOME HOME=$PWD "
local PACKAGE = ".local/share/nvim/site/pack/plugins/start/geelark"
local NO_CREDENTIALS = "env -u GEELARK_TOKEN -u GEELARK_APP_ID -u GEELARK_API_KEY "
  .. "-u GEELARK_BASE_URL -u GEELARK_CA_FILE "

-- The variables with which Neovim finds the tree's modules, built.
local function tree()
  shell.run "make -s all LUA=luajit"
  local here = shell.output "pwd"
  return TREE:format(shell.quote(here .. "/lua/?.lua;" .. here .. "/?.lua;;"),
    shell.quote(here .. "/build/luajit/?.so;;")) .. DIRECTORIES
end

local function program()
  if shell.output "command -v nvim" == "" then
    error("nvim is missing (Debian package: neovim)", 0)
  end
  return "nvim"
end

local function headless(file, variables, arguments)
  return ("env %s %s --headless %s -c %s -c %s"):format(variables, program(), arguments,
    shell.quote(("lua SCRIPT = %q"):format(file)),
    shell.quote("luafile " .. shell.output "pwd" .. "/spec/support/nvim/host.lua"))
end

local nvim = {}

local function with_runtime()
  return "luafile " .. shell.output "pwd" .. "/spec/support/nvim/runtime.lua"
end

---A command for sh that runs a Lua file in a headless Neovim, in the file's directory.
---@param file string
---@return string
function nvim.command(file)
  return headless(file, tree(), "--clean --cmd " .. shell.quote(with_runtime()))
end

-- What Neovim gets of a simulator.
local function variables(sim)
  return sim and "GEELARK_TOKEN=simulator GEELARK_BASE_URL=" .. sim.url .. " " or ""
end

local function id_lines(count)
  return table.concat(simulator.ids(count), "\n") .. "\n"
end

local function finished(directory, environment, command)
  local status = tonumber(shell.output(("cd %s; %s %s %s >output 2>errors </dev/null; echo $?")
    :format(directory.path, NO_CREDENTIALS, environment, command)))
  return { status = status, output = shell.read(directory:file "output"),
    errors = shell.read(directory:file "errors") }
end

---@class spec.support.NvimOptions
---@field sim spec.support.Simulator|nil that it deletes from
---@field environment string|nil more variables, for sh
---@field phones integer|nil how many ids it is given; default 250
---@field before string|nil Lua that runs before the prelude

---Runs Lua in a headless Neovim, after spec/support/nvim/prelude.lua.
---@param source string
---@param options spec.support.NvimOptions|nil
---@return spec.support.Run
---@return spec.support.Temporary directory that it ran in, the caller's to remove
function nvim.run(source, options)
  options = options or {}
  local directory = temporary.new()
  directory:write("ids.txt", id_lines(options.phones or 250))
  directory:write("script.lua",
    (options.before or "") .. " require 'spec.support.nvim.prelude' " .. source)
  return finished(directory, variables(options.sim) .. (options.environment or ""),
    nvim.command "script.lua"), directory
end

-- What a run printed that must have gone well.
local function checked(run)
  if run.status ~= 0 or run.errors ~= "" then
    error(("status %s\n%s%s"):format(run.status, run.errors, run.output), 3)
  end
  return (run.output:gsub("%s+$", ""))
end

---Runs Lua in a headless Neovim, after spec/support/nvim/prelude.lua.
---@param source string
---@param options spec.support.NvimOptions|nil
---@return string output without white space at its end; raises where anything goes wrong
function nvim.output(source, options)
  local run, directory = nvim.run(source, options)
  directory:remove()
  return checked(run)
end

---An editor's home with nothing in it but a clone of the tree, where a plugin manager puts one.
---@class spec.support.NvimHome
---@field directory spec.support.Temporary
---@field clone string
---@field sim spec.support.Simulator|nil that its editor deletes from
local Home = {}
Home.__index = Home

---Makes one. What is built for LuaJIT comes along, so that it need not be built again.
---@return spec.support.NvimHome the caller's to remove
function nvim.home()
  shell.run "make -s all LUA=luajit"
  local directory = temporary.new()
  local clone = directory:file(PACKAGE)
  shell.run("mkdir -p %s && cp -Rp Makefile src lua plugin doc spec %s", clone, clone)
  shell.run("mkdir %s/build && cp -Rp build/luajit %s/build", clone, clone)
  shell.run("rm -f %s/lua/geelark/core.so %s/doc/tags", clone, clone)
  return setmetatable({ directory = directory, clone = clone }, Home)
end

---Runs make nvim in the clone.
---@return string what it said
function Home:make()
  return shell.run("make -s -C %s nvim 2>&1", self.clone)
end

---Starts a simulator for the editor, and writes the ids of its phones to ids.txt.
---@param options table of the simulator; `phones` is a number
function Home:simulate(options)
  self.sim = simulators.start(options)
  self.directory:write("ids.txt", id_lines(options.phones))
end

---The same as nvim.output, in an editor that has nothing but this home, and without the prelude.
---@param source string
---@param environment string|nil for sh
---@return string
function Home:output(source, environment)
  self.directory:write("script.lua", source)
  local command = headless("script.lua", INSTALLED .. DIRECTORIES, "-i NONE")
  return checked(finished(self.directory, variables(self.sim) .. (environment or ""), command))
end

---Takes away all of it, and ends the simulator. May be called again.
function Home:remove()
  if self.sim then self.sim:stop() end
  self.sim = nil
  self.directory:remove()
end

---@class spec.support.ScreenOptions
---@field phones integer how many ids stand in the file that is edited, one a line
---@field sim spec.support.Simulator|nil default: spec/support/nvim/service.lua, as `service`

---Opens a Neovim on a screen, with the commands defined.
---@param options spec.support.ScreenOptions
---@return spec.support.Screen
function nvim.open(options)
  local directory = temporary.new()
  directory:write("ids.txt", id_lines(options.phones))
  local arguments = { "--clean", "-n", "--cmd", with_runtime(), "ids.txt" }
  if not options.sim then
    table.insert(arguments, "-c")
    table.insert(arguments, 'lua service = require "spec.support.nvim.service"')
  end
  local opened = screen.open(directory,
    NO_CREDENTIALS .. variables(options.sim) .. tree() .. program(), arguments)
  opened:shows "ids.txt"
  return opened
end

return nvim
