-- Runs the command: its arguments, the subcommand that they name, and the exit status.

require "geelark.cli.streams"
local status = require "geelark.cli.status"

local SIGINT = 2 -- cqueues, which knows its number, is what is being loaded then

local function load_module()
  local loaded, why = pcall(require, "geelark")
  return not loaded and tostring(why) or require "geelark.cli.needs"()
end

local function run(given)
  return require("geelark.cli.commands." .. given.command)(given)
end

local function trace(why)
  return debug.traceback(tostring(why), 2)
end

---@param arguments string[]
---@return integer status see geelark.cli.status
return function(arguments)
  -- Before anything else: until then Ctrl-C is the interpreter's, with a status of its own.
  local has_signals, signals = pcall(require, "geelark.cli.signals")
  if has_signals then signals.prepare() end
  if not has_signals and tostring(signals):find("interrupted!", 1, true) then
    return status.SIGNAL + SIGINT
  end
  local missing = load_module()
  if missing then
    io.stderr:write(missing, "\n")
    return status.USAGE
  end
  local given, why = require "geelark.cli.arguments"(arguments)
  if not given then return status.usage(why) end
  local done, result = xpcall(function() return run(given) end, trace)
  if done then return result end
  io.stderr:write("geelark: a fault of the command itself: ", result, "\n")
  return status.UNSURE
end
