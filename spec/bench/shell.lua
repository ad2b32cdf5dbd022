-- Running other programs: each call waits, and raises unless the program ended well.

local shell = {}

--- A word that the shell passes on unchanged.
---@param word string|number
---@return string
function shell.quote(word)
  return "'" .. tostring(word):gsub("'", "'\\''") .. "'"
end

--- Runs a command and returns what it wrote to its standard output, without the last
--- newline.
---@param command string in the shell's own syntax; `%s` stands for the words, quoted
---@param ... string|number
---@return string
function shell.run(command, ...)
  local words = { ... }
  for i = 1, #words do words[i] = shell.quote(words[i]) end
  command = command:format((table.unpack or unpack)(words)) -- luacheck: ignore unpack
  local pipe = assert(io.popen("{ " .. command .. "\n}; echo $?"))
  local output, status = pipe:read "*a":match "^(.-)\n?(%d+)\n$"
  pipe:close()
  if status ~= "0" then error(("exit status %s of: %s"):format(status, command), 2) end
  return output
end

--- Raises unless a test succeeds, and names the Debian package that makes it.
---@param test string in the shell's syntax
---@param package string
function shell.need(test, package)
  if not pcall(shell.run, "sh -c %s >/dev/null 2>&1", test) then
    error(("missing (%s): apt-get install %s"):format(test, package), 0)
  end
end

return shell
