-- What `make demo` shows: the command `geelark` deletes 250 phones over real HTTP, and its account of
-- every id is held against the simulator's own. The phones are the simulator's, a process of its own
-- that ends with this one. Some of them can't be deleted, and one answer is lost on purpose after the
-- deed.

local simulator = require "geelark.simulator"
local terminal = require "geelark.cli.terminal"

local PHONES = 250
local STATES = { started = 4, in_use = 3, missing = 2 }
local LOST = 3 -- the answer to this request, which asks for no phone that is missing
local DELAY = 0.6 -- seconds an answer takes, every other half more: for the progress to be seen

local COMMAND = "geelark delete --from ids.txt --yes --format csv >account.csv"

local function say(text)
  local columns = terminal.is(io.stdout) and terminal.columns() - 1 or 80
  io.write(terminal.wrap(text, columns), "\n")
  io.flush()
end

local function quote(word)
  return "'" .. word:gsub("'", "'\\''") .. "'"
end

local function plan()
  return ("return function(request) return { delay = %s * (1 + request.number %% 2 / 2), "
    .. "close = request.number == %d and 'after' or nil } end"):format(DELAY, LOST)
end

local function interpreter()
  local first = 0
  while arg[first - 1] do first = first - 1 end
  return arg[first]
end

-- A folder for the two files.
local function make_folder()
  local pipe = assert(io.popen "mktemp -d")
  local folder = pipe:read "*l"
  pipe:close()
  return folder
end

local function write_ids(folder, ids)
  local file = assert(io.open(folder .. "/ids.txt", "w"))
  assert(file:write(table.concat(ids, "\n"), "\n"))
  assert(file:close())
end

-- The command as a reader would type it, but for what `make install` would have made of it.
local function delete(folder, service)
  local command = COMMAND:gsub("^geelark", function()
    return ("GEELARK_BASE_URL=%s GEELARK_TOKEN=%s %s lua/geelark/cli/geelark")
      :format(service.url, service.token, quote(interpreter()))
  end)
  for name in pairs { ["ids.txt"] = true, ["account.csv"] = true } do
    command = command:gsub(name, function() return quote(folder .. "/" .. name) end)
  end
  local ended, _, status = os.execute(command)
  status = status or (ended > 255 and math.floor(ended / 256) or ended)
  if status ~= 1 then error(("the command ended with status %d"):format(status), 0) end
end

-- The rows below the header; none of these cells stands in quotes.
local function read_account(folder)
  local rows = {}
  for line in io.lines(folder .. "/account.csv") do
    local id, state, name = line:match "^(%w+),(%l+),%d*,([%l_]*),"
    if id then rows[#rows + 1] = { id = id, state = state, name = name, line = line } end
  end
  return rows
end

local function show_failed(rows)
  say "\n$ grep ,failed, account.csv"
  for _, row in ipairs(rows) do
    if row.state == "failed" then say(row.line) end
  end
end

local function count(rows, state)
  local found = 0
  for _, row in ipairs(rows) do found = found + (row.state == state and 1 or 0) end
  return found
end

-- Whether the account is true, for each phone: what it says is gone, and nothing else, is gone.
local function compare(service, rows)
  local world, deleted = service:world(), 0
  for _, request in ipairs(world.requests) do deleted = deleted + #request.deleted end
  for _, row in ipairs(rows) do
    local is_gone = row.state ~= "failed" or row.name == "not_found"
    assert(is_gone == (world.phones[row.id] == nil), "wrong: " .. row.line)
  end
  local presumed = count(rows, "presumed")
  assert(#rows == PHONES and deleted == count(rows, "deleted") + presumed,
    "the account and the simulator disagree")
  say(("\nOne answer was lost after the deed. geelark asked again, and was told that those phones "
    .. "don't exist: %d are presumed deleted, and counted so."):format(presumed))
  say(("\nThe simulator's own count: %d phones were deleted, %d are left: the account is true.")
    :format(deleted, world.phoneCount))
end

local function run(service, folder)
  say(("geelark demo: a simulator with %d phones, at %s on this machine. No real phone is touched.")
    :format(PHONES, service.url))
  write_ids(folder, service:ids())
  say("\n$ " .. COMMAND)
  delete(folder, service)
  local rows = read_account(folder)
  show_failed(rows)
  compare(service, rows)
  say "\nNext: the first run of README.md, with what `geelark simulate` or `make simulator` serves."
end

local service = simulator.spawn { phones = PHONES, states = STATES, plan = plan() }
local folder = make_folder()
local done, why = pcall(run, service, folder)
service:stop()
os.remove(folder .. "/ids.txt")
os.remove(folder .. "/account.csv")
os.remove(folder)
if not done then
  io.stderr:write("\ndemo: ", tostring(why), "\n")
  os.exit(1)
end
