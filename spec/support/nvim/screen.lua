-- A Neovim on a screen, as a person sees and uses it. The screen is drawn by spec/support/nvim/ui.lua,
-- a process of its own that the editor takes for its user interface, so that no terminal is
-- needed. Orders go to it through its standard input, answers come back through a FIFO.

local cjson = require("cjson").new()
local shell = require "spec.support.shell"

---@class spec.support.Screen
local Screen = {}
Screen.__index = Screen

local function order(self, name, argument)
  self.input:write(cjson.encode { name, argument }, "\n")
  self.input:flush()
  local line = self.output:read "*l"
  if not line then error("the screen's process died; standard error says why", 3) end
  local answer = cjson.decode(line)
  if answer.trouble then error(answer.trouble, 3) end
  return answer.result
end

---Types.
---@param keys string in Neovim's notation, such as ":quit<CR>"
function Screen:keys(keys)
  order(self, "keys", keys)
end

---Waits until the screen shows a text.
---@param text string
---@return string screen all 24 lines, without white space at their ends
function Screen:shows(text)
  return order(self, "shows", text)
end

---Runs Lua in the editor, while that waits for a key.
---@param source string
---@return any what it returns
function Screen:lua(source)
  return order(self, "lua", source)
end

---Ends the editor, whatever it is at; it is gone on return. May be called again.
function Screen:stop()
  if not self.input then return end
  self.input:close()
  self.output:close()
  self.input = nil
  self.directory:remove()
end

local screen = {}

---@param directory spec.support.Temporary where the editor runs, the screen's to remove
---@param program string Neovim with the environment that it gets, for sh
---@param arguments string[] of the editor
---@return spec.support.Screen
function screen.open(directory, program, arguments)
  local fifo = shell.quote(directory:file "answers")
  shell.run("mkfifo " .. fifo)
  directory:write("arguments.json", cjson.encode(arguments))
  -- The two openings of the FIFO wait for each other alone, and not for this process.
  local output = assert(io.popen("exec cat " .. fifo, "r"))
  local input = assert(io.popen(("cd %s; exec %s --headless --clean -n -c %s >%s"):format(
    shell.quote(directory.path), program,
    shell.quote("luafile " .. shell.output "pwd" .. "/spec/support/nvim/ui.lua"), fifo), "w"))
  return setmetatable({ directory = directory, input = input, output = output }, Screen)
end

return screen
