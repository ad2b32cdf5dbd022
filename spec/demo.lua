-- What `make demo` shows: 250 phones deleted over real HTTP, and the account of every id.
-- The phones are the simulator's, a process of its own that ends with this one.
-- Some of them can't be deleted, and one answer is lost on purpose after the deed.

local geelark = require "geelark"
local simulator = require "geelark.simulator"
local support = require "spec.support.simulator"

local PHONES = 250
local STATES = { started = 4, in_use = 3, missing = 2 }
-- Answers take their time, long enough for the progress to be seen.
local PLAN = {
  { delay = 0.5 }, { delay = 1 }, { delay = 0.7, close = "after" }, { delay = 0.5 },
}
local BAR = 32 -- characters

-- Paper ---------------------------------------------------------------------------------

local function succeeds(command)
  local status = os.execute(command)
  return status == true or status == 0
end

local on_terminal = os.getenv "TERM" ~= "dumb" and succeeds "test -t 1"
local locale = os.getenv "LC_ALL" or os.getenv "LC_CTYPE" or os.getenv "LANG" or ""
local draws_blocks = locale:upper():find "UTF%-?8" ~= nil

local function say(format, ...)
  io.write(select("#", ...) > 0 and format:format(...) or format, "\n")
  io.flush()
end

local function heading(text)
  say("\n" .. (on_terminal and "\27[1m%s\27[0m" or "%s"), text)
end

local function indented(text)
  return "  " .. text:gsub("\n", "\n  ")
end

local function bar(share)
  if not on_terminal then return "" end
  local full = math.floor(BAR * share)
  local on, off = draws_blocks and "█" or "#", draws_blocks and "░" or "."
  return "  " .. on:rep(full) .. off:rep(BAR - full)
end

-- The deletion --------------------------------------------------------------------------

-- Options that show how far the deletion is: one line, drawn anew, on a terminal, a line
-- for each step elsewhere.
local function shown(options)
  local settled = 0
  local function draw(what)
    local line = ("%s  %3d of %d  %s")
      :format(bar(settled / PHONES), settled, PHONES, what):gsub("%s+$", "")
    if on_terminal then io.write("\r\27[K", line) else io.write(line, "\n") end
    io.flush()
  end
  function options.on_event(event)
    if event.type ~= "send" then return end
    local again = event.attempt > 1 and " again: no answer" or ""
    draw(("asks for %d%s"):format(#event.ids, again))
  end
  function options.on_progress(progress)
    settled = progress.totalAmount - progress.pendingAmount
    draw(settled == PHONES and "done" or "")
  end
  return options
end

local function delete(url)
  heading(("Deleting %d phones, at most 100 with a request"):format(PHONES))
  local result, err = geelark.delete(simulator.ids(PHONES),
    shown { base_url = url, token = "simulator" })
  if on_terminal then say "" end
  return result or error(tostring(err), 0)
end

-- The account ---------------------------------------------------------------------------

local function show_totals(result)
  heading "The account of every id"
  say("  %5d  deleted", result.successAmount)
  say("  %5d  failed", result.failAmount)
  say("  %5d  unknown", #result.unknownIds)
  say("  %5d  pending", #result.pendingIds)
  say("  %5d  in all", result.totalAmount)
  say("  Of the deleted, %d are presumed: an answer was lost, and on the second try\n"
    .. "  they were gone.", #result.presumedIds)
end

local function show_failures(failures)
  heading "Failures: print(geelark.failures(result))"
  say(indented(tostring(failures)))
  heading "What can be done"
  local groups, codes = failures:by_code(), {}
  for code in pairs(groups) do codes[#codes + 1] = code end
  table.sort(codes)
  for _, code in ipairs(codes) do
    local known = geelark.codes[code]
    say("  %d  %-9s  %d x  %s", code, known.name, groups[code]:count(), known.remedy)
  end
end

local function show_requests(result)
  heading "Requests"
  say "  ids  tries  HTTP   code  seconds  traceId of the last try"
  local tries = 0
  for _, request in ipairs(result.requests) do
    tries = tries + request.attempts
    say("  %3d  %5d  %4d  %5d  %7.2f  %s", request.amount, request.attempts,
      request.httpStatus, request.code, request.seconds, request.traceId)
  end
  say("  %d requests were sent. Each has a traceId of its own.", tries)
end

-- Whether the account is true: what it says was deleted must be gone, and nothing else.
local function compare(result, world)
  local there = 0
  for _, failure in ipairs(result.failDetails) do
    if world.phones[failure.id] then there = there + 1 end
  end
  assert(there == world.phoneCount, "the account and the simulator disagree")
  heading "The simulator's own count"
  say("  %d phones are left, each of them among the failures.", there)
end

local function run(world)
  say("geelark demo: a simulator with %d phones listens on %s", PHONES, world.url)
  say "It runs on this machine alone. No real phone is touched."
  world:plan(PLAN)
  local result = delete(world.url)
  show_totals(result)
  show_failures(geelark.failures(result))
  show_requests(result)
  compare(result, world:state())
end

local world = support.start { phones = PHONES, states = STATES }
local done, why = pcall(run, world)
world:stop()
if not done then
  io.stderr:write("\ndemo: ", tostring(why), "\n")
  os.exit(1)
end
say "\nThe simulator has ended. No real phone was touched."
