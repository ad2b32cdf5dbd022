-- Runs the Lua of README.md and the manual as its readers would: each ```lua block in an interpreter of
-- its own, in a directory of its own, against a simulator of its own, whose address
-- stands in the environment.
--
-- A block finds a file ids.txt with the simulator's ids, one a line. All else it makes itself, as
-- whoever pastes it would have to.
--
-- HTML comments, which a reader of the page doesn't see, stand above a block:
--
--     <!-- run: busted                    the host it runs in; `lua` where none is named
--     phones = 12, plan = { {...} } -->   the simulator's options, as in a Lua table
--
-- What stands in a ```text block below the comment <!-- prints --> is what the Lua block
-- before it must have printed, but for traceIds, ports and seconds. A block prints
-- nothing on standard error and ends with status 0.

local nvim = require "spec.support.nvim"
local shell = require "spec.support.shell"
local simulator = require "spec.support.simulator"
local temporary = require "spec.support.temporary"

local readme = {}

local DEFAULT = "phones = 250, states = { started = 3, in_use = 2, missing = 1 }"
local FILE = "page.lua" -- busted passes over what doesn't end with .lua
local TOKEN = "simulator" -- what a simulator without credentials of its own accepts

-- Reading -------------------------------------------------------------------------------

---@class spec.support.Block
---@field page string path of the file
---@field line integer of its first line there
---@field source string
---@field host string in which it runs
---@field options string of the simulator, the inside of a Lua table
---@field heading string that it stands under
---@field prints string|nil

-- Calls visit(kind, text, line, language) for every heading, comment and fenced block.
local function walk(lines, visit)
  local n = 1
  local function until_line(pattern)
    local from = n
    repeat
      n = n + 1
      assert(lines[n], "page: what begins at line " .. from .. " has no end")
    until lines[n]:find(pattern)
    return table.concat(lines, "\n", from + 1, n - 1), from + 1
  end
  while lines[n] do
    local line = lines[n]
    local fence, language = line:match "^%s*(```+)(.*)$"
    if fence then
      local text, first = until_line("^%s*" .. fence .. "%s*$")
      visit("block", text, first, language)
    elseif line:find "^<!%-%-" then
      local from = n
      while not lines[n]:find "%-%->%s*$" do n = n + 1 end
      local text = table.concat(lines, "\n", from, n)
      visit("comment", text:match "^<!%-%-%s*(.-)%s*%-%->%s*$", from)
    elseif line:find "^#+ " then
      visit("heading", line:match "^#+%s+(.*)$", n)
    end
    n = n + 1
  end
end

local function read_lines(path)
  local lines = {}
  for line in io.lines(path) do lines[#lines + 1] = line end
  return lines
end

---Every ```lua and ```nginx block of a file.
---@param host string|nil only those that run in this host
---@param path string|nil default: README.md
---@return spec.support.Block[]
function readme.blocks(host, path)
  local blocks, heading, comment, last = {}, "", nil, nil
  path = path or "README.md"
  walk(read_lines(path), function(kind, text, line, language)
    if kind == "heading" then
      heading = text
    elseif kind == "comment" then
      comment = text
      return
    elseif language == "lua" or language == "nginx" then
      local named, options = (comment or ""):match "^run:%s*(%S+)%s*(.*)$"
      last = {
        page = path, line = line, source = text, heading = heading, host = named or language,
        options = (options or "") ~= "" and options or DEFAULT,
      }
      if not host or host == last.host then blocks[#blocks + 1] = last end
    elseif comment == "prints" then
      assert(last and not last.prints, "page:" .. line .. ": printed by no block")
      last.prints = text
    end
    comment = nil
  end)
  return blocks
end

-- Running -------------------------------------------------------------------------------

-- A search path that holds in any directory.
local function absolute(path)
  local directory = shell.output "pwd"
  return (path:gsub("[^;]+", function(entry)
    if entry:sub(1, 1) ~= "/" then return directory .. "/" .. entry:gsub("^%./", "") end
  end))
end

local function evaluate(expression)
  return assert((loadstring or load)("return " .. expression))() -- luacheck: ignore 113
end

-- The block at its own line, so that an error names the line of the page.
local function at_its_line(block)
  return ("\n"):rep(block.line - 1) .. block.source .. "\n"
end

local function environment(url)
  return ("GEELARK_BASE_URL=%s GEELARK_TOKEN=%s LUA_PATH=%s LUA_CPATH=%s"):format(
    shell.quote(url), TOKEN, shell.quote(absolute(package.path)),
    shell.quote(absolute(package.cpath)))
end

local function simulated_ids(count)
  return table.concat(require("geelark.simulator").ids(count), "\n") .. "\n"
end

local function run_command(directory, url, command)
  local process = assert(io.popen(("cd %s; env -u GEELARK_APP_ID -u GEELARK_API_KEY %s %s"
    .. " >output 2>errors </dev/null; echo $?"):format(shell.quote(directory.path),
    environment(url), command)))
  local status = tonumber(process:read "*l")
  process:close()
  return { status = status, output = shell.read(directory:file "output"),
    errors = shell.read(directory:file "errors") }
end

---The options of a block's simulator.
---@param block spec.support.Block
---@return geelark.simulator.Options
function readme.options(block)
  return evaluate("{ " .. block.options .. " }")
end

---Commands of the hosts, for a file that holds a block.
---@type table<string, fun(file: string): string>
readme.hosts = {
  lua = function(file) return shell.quote(shell.lua()) .. " " .. file end,
  busted = function(file)
    return shell.quote(shell.lua()) .. ' "$(command -v busted)" -o TAP ' .. file
  end,
  nvim = nvim.command,
}

---@class spec.support.Run
---@field status integer
---@field output string
---@field errors string

---Runs a block.
---@param block spec.support.Block
---@param command (fun(file: string): string)|nil what sh runs in the block's directory;
---  default: the command of its host
---@return spec.support.Run
function readme.run(block, command)
  command = command or assert(readme.hosts[block.host], "no host " .. block.host)
  local options = readme.options(block)
  local directory = temporary.new()
  directory:write("ids.txt", simulated_ids(options.phones))
  directory:write(FILE, at_its_line(block))
  local world = simulator.start(options)
  local done, run = pcall(run_command, directory, world.url, command(FILE))
  world:stop()
  directory:remove()
  return done and run or error(run, 0)
end

-- What differs from run to run.
local function without_chance(text)
  return (text:gsub("%x+%-%x+%-4%x+%-%x+%-%x+", "traceId")
    :gsub("127%.0%.0%.1:%d+", "address"):gsub("%d+%.%d+", "seconds"):gsub("%s+$", ""))
end

---Raises where a block did not do what the page promises.
---@param block spec.support.Block
---@param run spec.support.Run
function readme.check(block, run)
  local trouble
  if run.status ~= 0 or run.errors ~= "" then
    trouble = ("status %s\n%s%s"):format(run.status, run.errors, run.output)
  elseif block.prints and without_chance(run.output) ~= without_chance(block.prints) then
    trouble = "it printed\n" .. run.output
  end
  if not trouble then return end
  error(("%s:%d (%s): %s"):format(block.page, block.line, block.heading, trouble), 0)
end

return readme
