-- What `make demo` shows: 250 phones deleted over real HTTP, and the account of every id.
-- The phones are the simulator's, a process of its own that ends with this one.
-- Some of them can't be deleted, and one answer is lost on purpose after the deed.

local geelark = require "geelark"
local simulator = require "geelark.simulator"

local PHONES, CHUNK = 250, 25
local STATES = { started = 4, in_use = 3, missing = 2 }
local LOST = 2 -- the answer to this request; those about it ask for no phone that is missing
-- Answers take their time, long enough for the progress to be seen.
local DELAYS = { 0.3, 0.4, 0.2, 0.3, 0.4, 0.3, 0.2, 0.4, 0.3, 0.2, 0.1 } -- seconds

-- The screen ------------------------------------------------------------------------------

local function succeeds(command)
  local status = os.execute(command)
  return status == true or status == 0
end

local on_terminal = os.getenv "TERM" ~= "dumb" and succeeds "test -t 1"
local has_colour = on_terminal and (os.getenv "NO_COLOR" or "") == ""
local locale = os.getenv "LC_ALL" or os.getenv "LC_CTYPE" or os.getenv "LANG" or ""
local draws_blocks = locale:upper():find "UTF%-?8" ~= nil
local COLOURS = { bold = 1, red = 31, green = 32, yellow = 33 }

local function columns_of_terminal()
  local pipe = io.popen "stty size 2>/dev/null </dev/tty"
  local size = pipe:read "*a"
  pipe:close()
  return tonumber(size:match "^%d+ (%d+)") or 80
end

local COLUMNS = on_terminal and math.max(columns_of_terminal(), 30) or 80

local function coloured(colour, text)
  return has_colour and ("\27[%dm%s\27[0m"):format(COLOURS[colour], text) or text
end

local function say(text)
  io.write(text, "\n")
  io.flush()
end

local function heading(text)
  say("\n" .. coloured("bold", text))
end

local function visible(text)
  return #text:gsub("\27%[%d*m", "")
end

-- A paragraph, broken between words where the screen ends.
local function tell(text, indent)
  local line = indent
  for word in text:gmatch "%S+" do
    if visible(line) + 1 + visible(word) > COLUMNS and line ~= indent then
      say(line)
      line = indent
    end
    line = line .. (line == indent and "" or " ") .. word
  end
  say(line)
end

local REMARK, COUNT, MARGINS = 11, #"250 of 250", 7 -- columns

local function bar(share)
  local room = math.min(COLUMNS - REMARK - COUNT - MARGINS, 40)
  local full = math.floor(room * share)
  local on, off = draws_blocks and "█" or "#", draws_blocks and "░" or "."
  return "  " .. coloured("green", on:rep(full)) .. off:rep(room - full)
end

-- Progress: one line, drawn anew, on a terminal; elsewhere a line whenever something is new.
local drawn
local function draw(settled, remark)
  if settled == PHONES then remark = "done" end
  local line = (("  %3d of %d  %s"):format(settled, PHONES, remark):gsub("%s+$", ""))
  if on_terminal then
    io.write("\r\27[K", bar(settled / PHONES), line)
  elseif line ~= drawn then
    io.write(line, "\n")
  end
  drawn = line
  io.flush()
end

-- The deletion ----------------------------------------------------------------------------

local function plan()
  local faults = {}
  for i, delay in ipairs(DELAYS) do faults[i] = { delay = delay } end
  faults[LOST].close = "after"
  return faults
end

local settled, remark = 0, ""
local lost -- the event of the answer that got lost

-- What is drawn beside the progress at each event, where something has happened.
local remarks = {
  send = function(event) return event.attempt > 1 and "asks again" end,
  lost = function(event)
    lost = event
    return "answer lost"
  end,
  settle = function(event) return event.attempts > 1 and "" end,
  wait = function() return "waits" end,
}

local function on_event(event)
  local remark_of = remarks[event.type]
  remark = remark_of and remark_of(event) or remark
  draw(settled, remark)
end

local function on_progress(progress)
  settled = progress.totalAmount - progress.pendingAmount
  draw(settled, remark)
end

local function delete(service)
  heading(("Deleting %d phones, %d with a request"):format(PHONES, CHUNK))
  local result, err = geelark.delete(service:ids(), service:options {
    chunk_size = CHUNK, on_event = on_event, on_progress = on_progress,
  })
  if on_terminal then say "" end
  return result or error(tostring(err), 0)
end

-- The account -----------------------------------------------------------------------------

local function show_totals(result)
  local unknown, pending = #result.unknownIds, #result.pendingIds
  local function row(amount, name, colour)
    say(("  %5d  %s"):format(amount, amount > 0 and colour and coloured(colour, name) or name))
  end
  heading "The account of every id"
  row(result.successAmount, "deleted", "green")
  row(result.failAmount, "failed", "red")
  row(unknown, "unknown", "yellow")
  row(pending, "pending", "yellow")
  say "  -----"
  row(result.successAmount + result.failAmount + unknown + pending, "ids")
end

-- The codes, the most frequent first.
local function codes_of(groups)
  local codes = {}
  for code in pairs(groups) do codes[#codes + 1] = code end
  table.sort(codes, function(a, b) return groups[a]:count() > groups[b]:count() end)
  return codes
end

local function show_failures(failures)
  local groups = failures:by_code()
  heading "What failed, why, and what helps"
  for _, code in ipairs(codes_of(groups)) do
    local known, group = geelark.codes[code], groups[code]
    tell(("%d %s (%d): %s"):format(group:count(), coloured("red", known.name), code, known.remedy),
      "  ")
    for _, failure in ipairs(group) do say(("      %s  %s"):format(failure.id, failure.msg)) end
  end
end

local function show_requests(result)
  local sent = 0
  for _, request in ipairs(result.requests) do sent = sent + request.attempts end
  heading "The requests"
  tell(("%d were sent for %d lists of %d ids."):format(sent, #result.requests, CHUNK), "  ")
  tell(("One answer was lost after the deed (traceId %s). geelark asked again, and was told that "
    .. "those phones don't exist: %d are presumed deleted, and counted so.")
    :format(lost.traceId, #result.presumedIds), "  ")
end

-- Whether the account is true: as many as it says were deleted, and what failed is what is left.
local function compare(service, result)
  local world, deleted, missing = service:world(), 0, 0
  for _, request in ipairs(world.requests) do deleted = deleted + #request.deleted end
  for _, failure in ipairs(result.failDetails) do
    if not world.phones[failure.id] then missing = missing + 1 end
  end
  assert(deleted == result.successAmount and world.phoneCount == result.failAmount - missing,
    "the account and the simulator disagree")
  heading "The simulator's own count"
  tell(("%d phones were deleted, %d are left: the account is true."):format(deleted,
    world.phoneCount), "  ")
end

local function run(service)
  tell(("geelark demo: a simulator with %d phones, at %s on this machine. No real phone is "
    .. "touched."):format(PHONES, service.url), "")
  local result = delete(service)
  show_totals(result)
  show_failures(geelark.failures(result))
  show_requests(result)
  compare(service, result)
  say ""
  tell("Next: the first script of README.md, with what `make simulator` serves.", "")
end

local service = simulator.spawn { phones = PHONES, states = STATES, plan = plan() }
local done, why = pcall(run, service)
service:stop()
if not done then
  io.stderr:write("\ndemo: ", tostring(why), "\n")
  os.exit(1)
end
