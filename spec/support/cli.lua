-- Runs the command `geelark` as a process, as a shell would, against a simulator.

local shell = require "spec.support.shell"
local temporary = require "spec.support.temporary"

local cli = {}

-- The command without its arguments. It belongs to no terminal, wherever the specs run.
local function command(service, environment)
  local variables = service and ("GEELARK_BASE_URL=%s GEELARK_TOKEN=%s"):format(
    shell.quote(service.url), shell.quote(service.token)) or ""
  return ("env -u GEELARK_TOKEN -u GEELARK_APP_ID -u GEELARK_API_KEY -u GEELARK_BASE_URL "
    .. "-u NO_COLOR LUA_PATH=%s LUA_CPATH=%s %s %s %s lua/geelark/cli/geelark"):format(
    shell.quote(package.path), shell.quote(package.cpath), variables, environment or "",
    shell.quote(shell.lua()))
end

-- A line of progress comes every 10 seconds, where a run takes so long: on a busy machine any may.
local function without_progress(errors)
  return (errors:gsub("geelark: %d+ %% of [%d,]+: [^\n]*\n", function(line)
    return not line:find("; cancelled,", 1, true) and "" or nil
  end))
end

---@class spec.support.cli.Run
---@field status integer
---@field output string
---@field errors string without the lines of progress

---Runs it to its end, without a terminal.
---@param arguments string for sh
---@param given table|nil service; input: its standard input; environment; redirected: redirections
---  of its own, such as ">/dev/full"; to: what stands behind the command, such as "| head -n 1"
---@return spec.support.cli.Run
function cli.run(arguments, given)
  given = given or {}
  local directory = temporary.new()
  directory:write("input", given.input or "")
  local line = ("{ { setsid -w %s %s %s; } <input 2>errors; echo $? >status; } %s >output"):format(
    command(given.service, given.environment), arguments, given.redirected or "", given.to or "")
  local function path(redirection, name) return redirection .. directory:file(name) end
  for _, name in ipairs { "input", "errors", "status", "output" } do
    line = line:gsub("([<>])(" .. name .. ")%f[%W]", path)
  end
  shell.run("sh -c %s", line)
  local run = { status = tonumber(shell.read(directory:file "status")),
    output = shell.read(directory:file "output"),
    errors = without_progress(shell.read(directory:file "errors")) }
  directory:remove()
  return run
end

-- Reads to the first place where a text ends with what is looked for, or to the end.
local function read_until(pipe, wanted)
  local text = ""
  while text:sub(-#wanted) ~= wanted do
    local letter = pipe:read(1)
    if not letter then break end
    text = text .. letter
  end
  return text
end

---Runs it on a terminal, and returns what that is sent, ends of lines as "\n", and the status.
---@param arguments string for sh
---@param given table|nil service; environment; columns; keys: what is typed once it asks; from: what
---  stands before the command, such as "echo 1 |"
---@return string text
---@return integer status
function cli.on_terminal(arguments, given)
  given = given or {}
  shell.need("command -v script", "bsdutils")
  local directory = temporary.new()
  local environment = "TERM=xterm LC_ALL=C.UTF-8 " .. (given.environment or "")
  local line = ("trap : INT; stty cols %d; %s %s %s; echo \"status $?\""):format(
    given.columns or 80, given.from or "", command(given.service, environment), arguments)
  shell.run("mkfifo %s", directory:file "keys")
  local pipe = assert(io.popen(("script -qec %s /dev/null <%s"):format(shell.quote(line),
    directory:file "keys")))
  local keyboard = assert(io.open(directory:file "keys", "w"))
  local text = given.keys and read_until(pipe, "[y/N]") or ""
  keyboard:write(given.keys or "")
  keyboard:close()
  text = (text .. pipe:read "*a"):gsub("\r\n", "\n")
  pipe:close()
  directory:remove()
  local shown, status = text:match "^(.*)status (%d+)%s*$"
  return shown, tonumber(status)
end

---@class spec.support.cli.Process
---@field pid string
---@field line fun(): string|nil reads a line of its standard error
---@field finish fun(): integer, string the status, and the rest of standard error,
---  without the lines of progress

---Starts it, for a spec that does something meanwhile.
---@param arguments string for sh
---@param service table
---@param output string|nil the file that its standard output goes to
---@return spec.support.cli.Process
function cli.start(arguments, service, output)
  local inner = ("echo $$ >&2; exec %s %s >%s"):format(command(service), arguments,
    output or "/dev/null")
  local pipe = assert(io.popen(("sh -c %s 2>&1 </dev/null; echo \"status $?\"")
    :format(shell.quote(inner))))
  local process = { pid = pipe:read "*l" }
  function process.line() return pipe:read "*l" end
  function process.finish()
    local rest = pipe:read "*a"
    pipe:close()
    local errors, status = rest:match "^(.*)status (%d+)%s*$"
    return tonumber(status), without_progress(errors)
  end
  return process
end

return cli
