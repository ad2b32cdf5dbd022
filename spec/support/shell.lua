-- What the specs need of the shell: quoting, running, reading, and which program runs this Lua.

local shell = {}

---@param text string
---@return string one word for sh, whatever is in it
function shell.quote(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

---Runs a command; raises where it fails. A process that it leaves behind has no pipe of ours
---(popen closes them, os.execute doesn't): another child would wait for that one's end.
---@param command string
function shell.run(command)
  local process = assert(io.popen("{ " .. command .. "\n} >&2; echo $?"))
  local status = process:read "*a"
  process:close()
  assert(status:match "^0%s*$", "failed: " .. command)
end

---@param command string
---@return string output without white space at its end
function shell.output(command)
  local process = assert(io.popen(command))
  local text = process:read "*a"
  process:close()
  return (text:gsub("%s+$", ""))
end

---@param path string
---@return string the whole file
function shell.read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "*a"
  file:close()
  return text
end

---The interpreter that runs this process, or where a host without one runs it (Neovim,
---OpenResty) the interpreter of the same Lua.
---@return string command
function shell.lua()
  local first = 0
  while arg and arg[first - 1] do first = first - 1 end
  local command = first < 0 and arg[first] or ""
  if command:match "[^/]*$":find "^lua" then return command end
  return rawget(_G, "jit") and "luajit" or "lua" .. _VERSION:match "%d%.%d"
end

---A command that runs a piece of Lua under this process's interpreter and search paths.
---@param source string
---@return string command for sh
function shell.run_lua(source)
  return ("LUA_PATH=%s LUA_CPATH=%s exec %s -e %s"):format(shell.quote(package.path),
    shell.quote(package.cpath), shell.quote(shell.lua()), shell.quote(source))
end

return shell
