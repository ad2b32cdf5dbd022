-- The arguments of the command, read by argparse, and its --help, as wide as the terminal.

local argparse = require "argparse"
local terminal = require "geelark.cli.terminal"

local WIDEST, NARROW = 80, 60 -- columns

local CREDENTIALS = "Credentials come from the environment alone: GEELARK_TOKEN, or GEELARK_APP_ID "
  .. "and GEELARK_API_KEY; GEELARK_BASE_URL and GEELARK_CA_FILE where they are set. Results go to "
  .. "standard output, all else to standard error."

local STATUSES = "Exit status: 0 every id was deleted, 1 some failed, 2 wrong arguments or "
  .. "configuration (nothing was sent), 3 some are unknown or pending, 130 and 143 interrupted by "
  .. "SIGINT (Ctrl-C) and SIGTERM. The first of these signals sends nothing more, waits for what "
  .. "is in flight, and tells what became of every id; the second ends at once."

local IDS = "A file of ids is text (an id a line; blank lines and # comments don't count), CSV or "
  .. "JSON (an array of strings, or of objects with an \"id\"); its content tells which."

local FILTERS = "A FILTER is a code (43009), its name (started), several of them (started,in_use), "
  .. "or a field with a Lua pattern that it holds (msg=^env, id=^5280)."

local function add_format(command, default)
  command:option("--format", "How results are written. Default: " .. default .. ".")
    :choices { "table", "json", "jsonl", "csv" }:default(default):show_default(false)
end

local function add_number(command, name, description)
  return command:option(name, description):argname "N":convert(function(text)
    return tonumber(text), ("%s: number expected, got %s"):format(name, text)
  end)
end

-- Of two files the last one alone would count, and nobody would notice.
local function add_once(command, name, argname, description)
  command:option(name, description):argname(argname):overwrite(false)
end

-- What delete and resume have in common.
local function add_delete_options(command)
  command:flag("--stop-started", "Stop phones that are refused because they are started, then "
    .. "delete them.")
  command:flag("-y --yes", "Don't ask before anything is deleted.")
  add_number(command, "--concurrency", "Requests in flight at once. Default: 2.")
  add_format(command, "table")
  command:flag("-q --quiet", "No progress, and no summary unless the run was broken off.")
end

local function add_delete(parser)
  local command = parser:command("delete", "Delete phones."):epilog(IDS)
  command:argument("ids", "Ids of phones."):args "*":argname "ID"
  add_once(command, "--from", "FILE", "Take the ids from a file; - is standard input.")
  add_once(command, "--column", "NAME", "The column or field that holds the ids, by name; a column "
    .. "also by number.")
  add_once(command, "--journal", "FILE", "Remember in this file what became of each id; the same "
    .. "command then goes on.")
  command:flag("--dry-run", "Check everything, send nothing.")
  add_delete_options(command)
end

local function add_resume(parser)
  local command = parser:command("resume", "Go on with a run that has a journal.")
  command:argument("journal", "The journal."):argname "FILE"
  add_delete_options(command)
end

local function add_failures(parser)
  local command = parser:command("failures", "List what failed, from a journal."):epilog(FILTERS)
  command:argument("journal", "The journal."):argname "FILE"
  command:option("--where", "Only what this filter picks; several may be given, and all have to "
    .. "hold."):argname "FILTER":count "*"
  add_format(command, "table")
end

local function add_codes(parser)
  add_format(parser:command("codes", "List the service's codes and what helps."), "table")
end

local function add_simulate(parser)
  local command = parser:command("simulate", "Serve simulated phones, to practise on.")
    :epilog "It prints a line of variables for another shell, and serves until Ctrl-C."
  add_number(command, "--phones", "How many. Default: 250."):default "250":show_default(false)
  command:option("--state", "How many of them are in a state, such as started=5 (the default), "
    .. "in_use=2, missing=1; may be given several times."):argname "NAME=N":count "*"
  add_number(command, "--port", "To listen on. Default: a free one.")
  command:flag("--tls", "HTTPS, with a certificate that it makes.")
  command:flag("--log", "A line for each request, on standard error.")
  command:flag("--ids", "Print the ids of its phones, and end.")
end

-- argparse breaks descriptions itself, what stands at the end not.
local function fit(parser, columns)
  parser:help_max_width(columns):usage_max_width(columns)
    :help_description_margin(columns < NARROW and 8 or 25)
  for _, command in ipairs(parser._commands) do
    if command._epilog then command:epilog(terminal.wrap(command._epilog, columns)) end
  end
  parser:epilog(terminal.wrap(CREDENTIALS .. "\n\n" .. STATUSES, columns))
end

---@param arguments string[]
---@return table|nil given by argparse's rules, with `command`; --help and --version end the process
---@return string|nil why
return function(arguments)
  local columns = terminal.is(io.stdout) and math.min(terminal.columns(), WIDEST) or WIDEST
  local parser = argparse("geelark", "Deletes GeeLark cloud phones, any number of them, and tells "
    .. "what became of every single id.")
  parser:command_target "command"
  parser:flag("--version", "Print the version and end."):action(function()
    print(require("geelark")._VERSION)
    os.exit(0)
  end)
  add_delete(parser)
  add_resume(parser)
  add_failures(parser)
  add_codes(parser)
  add_simulate(parser)
  fit(parser, columns)
  local right, given = parser:pparse(arguments)
  if right then return given end
  local command = arguments[1] and arguments[1]:match "^%l+$"
  local known = command and given:find "unknown command" == nil
  local words = given:gsub("\nDid", "; did")
  return nil, ("%s%s geelark %s--help"):format(words, words:find "%?$" and " See" or "; see",
    known and command .. " " or "")
end
