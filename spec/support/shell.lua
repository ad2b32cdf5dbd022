-- What specs and measures need of the shell: quoting, running, reading, and which program runs
-- this Lua. Each call waits for the command's end. All go through popen, which closes its pipes
-- in children that come later; os.execute doesn't, and one pipe's end would wait for another's.

local shell = {}

---@param word string|number
---@return string one word for sh, whatever is in it
function shell.quote(word)
  return "'" .. tostring(word):gsub("'", "'\\''") .. "'"
end

---Runs a command; raises where it fails, with the end of what it said.
---@param command string for sh; where words are given, `%s` stands for each of them, quoted
---@param ... string|number words
---@return string output without the last newline
function shell.run(command, ...)
  local words = { ... }
  for i = 1, #words do words[i] = shell.quote(words[i]) end
  if words[1] then
    command = command:format((table.unpack or unpack)(words)) -- luacheck: ignore unpack
  end
  local process = assert(io.popen("{ " .. command .. "\n}; echo $?"))
  local output, status = process:read "*a":match "^(.-)\n?(%d+)\n$"
  process:close()
  if status ~= "0" then
    error(("exit status %s of: %s\n%s"):format(status, command, output:sub(-1000)), 2)
  end
  return output
end

---Runs a command, whatever becomes of it.
---@param command string
---@return string output without white space at its end
function shell.output(command)
  local process = assert(io.popen(command))
  local text = process:read "*a"
  process:close()
  return (text:gsub("%s+$", ""))
end

---Raises unless a test succeeds, and names the Debian package that makes it.
---@param test string for sh
---@param package string
function shell.need(test, package)
  if not pcall(shell.run, "sh -c %s >/dev/null 2>&1", test) then
    error(("missing (%s): apt-get install %s"):format(test, package), 0)
  end
end

---@param path string
---@return string the whole file
function shell.read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "*a"
  file:close()
  return text
end

---The name of the Lua that runs, as the Makefile knows it.
---@return string
function shell.lua_name()
  return rawget(_G, "jit") and "luajit" or "lua" .. _VERSION:match "%d%.%d"
end

---The interpreter that runs this process, or where a host without one runs it (Neovim,
---OpenResty) the interpreter of the same Lua.
---@return string command
function shell.lua()
  local first = 0
  while arg and arg[first - 1] do first = first - 1 end
  local command = first < 0 and arg[first] or ""
  return command:match "[^/]*$":find "^lua" and command or shell.lua_name()
end

---A command that runs a piece of Lua under this process's interpreter and search paths.
---@param source string
---@return string command for sh
function shell.run_lua(source)
  return ("LUA_PATH=%s LUA_CPATH=%s exec %s -e %s"):format(shell.quote(package.path),
    shell.quote(package.cpath), shell.quote(shell.lua()), shell.quote(source))
end

return shell
