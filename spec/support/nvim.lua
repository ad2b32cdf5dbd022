-- Neovim for specs: a headless one that runs a script, or one in a terminal, whose screen and
-- keys are tmux's. Both find the tree's modules as LuaJIT builds them, and write to a directory
-- of their own.

local shell = require "spec.support.shell"
local temporary = require "spec.support.temporary"

local TIMES, PAUSE = 1500, 0.02 -- how often the screen is looked at, seconds between

local function need(program, package)
  if shell.output("command -v " .. program) == "" then
    error(program .. " is missing (Debian package: " .. package .. ")", 0)
  end
end

local nvim = {}

-- For env: where the tree's modules are, and no other file of the person's.
local DIRECTORIES = "XDG_CACHE_HOME=$PWD/cache XDG_STATE_HOME=$PWD/state "
  .. "XDG_CONFIG_HOME=$PWD/config "

local function modules(here)
  return ("XDG_DATA_HOME=$PWD/data LUA_PATH=%s LUA_CPATH=%s "):format(
    shell.quote(here .. "/lua/?.lua;;"), shell.quote(here .. "/build/luajit/?.so;;"))
end

local function command(file, variables, arguments)
  need("nvim", "neovim")
  return ("env %s nvim --headless %s -c %s -c %s"):format(variables .. DIRECTORIES, arguments,
    shell.quote(("lua SCRIPT = %q"):format(file)),
    shell.quote("luafile " .. shell.output "pwd" .. "/spec/support/nvim/host.lua"))
end

---A command for sh that runs a Lua file in a headless Neovim, in the file's directory.
---@param file string
---@return string
function nvim.command(file)
  shell.run "make -s all LUA=luajit"
  local here = shell.output "pwd"
  return command(file, modules(here), "--clean --cmd " .. shell.quote("set rtp+=" .. here))
end

-- The same with what is installed in the directory alone.
local function command_installed(file)
  return command(file, "-u LUA_PATH -u LUA_CPATH -u XDG_DATA_HOME HOME=$PWD ", "-u NONE -i NONE")
end

-- As README.md says.
local function install(directory)
  local line = shell.read "README.md":match "\n(make install LUA=luajit [^\n]*)"
  shell.run(("HOME=%s XDG_DATA_HOME= %s -s"):format(directory.path, line))
end

local CLEAN = "env -u GEELARK_TOKEN -u GEELARK_APP_ID -u GEELARK_API_KEY -u GEELARK_BASE_URL "
  .. "-u GEELARK_CA_FILE "

---@class spec.support.NvimOptions
---@field environment string|nil for the shell
---@field install boolean|nil as README.md says, into the directory; nothing else is found then

---Runs Lua in a headless Neovim.
---@param source string
---@param options spec.support.NvimOptions|nil
---@return spec.support.Run
---@return spec.support.Temporary directory that it ran in, the caller's to remove
function nvim.run(source, options)
  options = options or {}
  local directory = temporary.new()
  directory:write("script.lua", source)
  local build = options.install and command_installed or nvim.command
  if options.install then install(directory) end
  local status = tonumber(shell.output(("cd %s; %s %s %s >output 2>errors </dev/null; echo $?")
    :format(directory.path, CLEAN, options.environment or "", build "script.lua")))
  return { status = status, output = shell.read(directory:file "output"),
    errors = shell.read(directory:file "errors") }, directory
end

---@class spec.support.Terminal
local Terminal = {}
Terminal.__index = Terminal

local function tmux(self, order)
  return ("TMUX_TMPDIR=%s tmux -L spec %s"):format(self.directory.path, order)
end

---@param ... string keys by tmux's names; text stands for itself
function Terminal:keys(...)
  for _, key in ipairs { ... } do shell.run(tmux(self, "send-keys " .. shell.quote(key))) end
end

---@return string what a person sees
function Terminal:screen()
  return shell.output(tmux(self, "capture-pane -p"))
end

---Waits until the screen shows a text.
---@param text string
---@return string screen
function Terminal:shows(text)
  local seen = shell.output(("for i in $(seq %d); do %s | grep -qF -- %s && echo seen && exit; "
    .. "sleep %g; done"):format(TIMES, tmux(self, "capture-pane -p"), shell.quote(text), PAUSE))
  local screen = self:screen()
  if seen ~= "seen" then error(("%q is not on the screen:\n%s"):format(text, screen), 2) end
  return screen
end

---Ends it; it is gone on return. May be called again.
function Terminal:stop()
  if not self.guard then return end
  self.guard:write "\n"
  self.guard:close()
  self.guard = nil
  self.directory:remove()
end

local GUARD = "trap '' HUP INT TERM; read -r _; %s 2>/dev/null; tail --pid=%s -s 0.02 -f /dev/null"

---A Neovim on a screen of 80 by 24 that edits the file ids.txt, with the commands defined.
---@param ids string content of the file
---@param environment string for the shell
---@return spec.support.Terminal
function nvim.open(ids, environment)
  need("nvim", "neovim")
  need("tmux", "tmux")
  shell.run "make -s all LUA=luajit"
  local here, directory = shell.output "pwd", temporary.new()
  local self = setmetatable({ directory = directory }, Terminal)
  directory:write("ids.txt", ids)
  local shown = ("cd %s; exec %s %s %s nvim --clean -n -c %s ids.txt"):format(directory.path,
    CLEAN, environment, DIRECTORIES .. modules(here), shell.quote 'lua require "geelark.nvim"')
  shell.run(tmux(self, "-f /dev/null new-session -d -x 80 -y 24 " .. shell.quote(shown)))
  local pid = shell.output(tmux(self, "display-message -p '#{pane_pid}'"))
  self.guard = assert(io.popen(GUARD:format(tmux(self, "kill-server"), pid), "w"))
  return self
end

return nvim
