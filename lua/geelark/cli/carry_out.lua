-- Deletes: checks all that can be checked, asks, runs the job, and reports. What delete and resume
-- have in common.

local core = require "geelark.core"
local geelark = require "geelark"
local ask = require "geelark.cli.ask"
local cause = require("geelark.account").cause
local display = require "geelark.cli.display"
local environment = require "geelark.environment"
local grouped = require("geelark.progress").grouped
local report = require "geelark.cli.report"
local run = require "geelark.cli.run"
local status = require "geelark.cli.status"
local terminal = require "geelark.cli.terminal"

local function options_of(given)
  return { concurrency = given.concurrency, stop_started = given.stop_started,
    journal = given.journal }
end

-- What it raises is the bare words.
local start = core.starter "%s"

-- The account of a dry run; nil and why where there could be no other.
local function check(list, given)
  local options = options_of(given)
  options.dry_run = true
  local started, job = pcall(start, nil, list, options)
  if not started then return nil, tostring(job) end
  while not job:step() do end -- a dry run waits for nothing
  local result, err = job:result()
  err = err or given.journal
    and geelark.journal.rehearse(given.journal, environment.base_url {})
  return result, err and cause(err)
end

local function phones(count)
  return ("%s cloud phone%s"):format(grouped(count), count == 1 and "" or "s")
end

-- How many phones are asked for: "3 cloud phones", "2 of 3 cloud phones".
local function amount(work, result)
  local total = result.totalAmount
  if not work.left or work.left == total then return phones(total) end
  return ("%s of %s"):format(grouped(work.left), phones(total))
end

-- That so many ids are given more than once; nil where none is.
local function repeated(result)
  local count = result.duplicateAmount
  if count == 0 then return nil end
  return ("%s more %s repeated"):format(grouped(count), count == 1 and "is" or "are")
end

local function destination()
  return ("at %s, with the credentials of %s"):format(environment.base_url {},
    environment.credentials {})
end

local function rehearse(work, result, given)
  if given.format ~= "table" then
    local ended = require "geelark.cli.results"(function(output)
      report.write(output, result, nil, given.format)
    end, status.DONE)
    if ended ~= status.DONE then return ended end
  end
  if not given.quiet then
    local again = repeated(result)
    terminal.say(("geelark: dry run: %s%s would be deleted %s; nothing was sent")
      :format(amount(work, result), again and " (" .. again .. ")" or "", destination()))
    if work.remark then terminal.say(work.remark) end
  end
  return status.DONE
end

---@class geelark.cli.Work
---@field list string[]
---@field left integer|nil how many of them are asked for; nil: all
---@field remark string|nil what else is worth knowing before one agrees

local function question(work, result, given)
  local what = result.totalAmount == 1 and "the cloud phone " .. work.list[1]
    or amount(work, result)
  local remarks = { ("Delete %s %s?"):format(what, destination()) }
  local again = repeated(result)
  remarks[#remarks + 1] = again and again .. "." or nil
  remarks[#remarks + 1] = work.remark
  remarks[#remarks + 1] = given.stop_started and "Phones that are started are stopped first." or nil
  remarks[#remarks + 1] = "This can't be undone."
  return table.concat(remarks, " ")
end

-- Nil where it may go on, else the exit status.
local function consent(work, result, given)
  if given.yes or (work.left or result.totalAmount) == 0 then return nil end
  local agreed = ask(question(work, result, given))
  if agreed then return nil end
  if agreed == nil then
    return status.usage "there is no terminal to ask on (--yes doesn't ask); nothing was sent"
  end
  terminal.say "geelark: nothing was deleted"
  return status.USAGE
end

---@param work geelark.cli.Work
---@param given table arguments
---@return integer status
return function(work, given)
  local rehearsal, why = check(work.list, given)
  if why then return status.usage(why) end
  if given.dry_run then return rehearse(work, rehearsal, given) end
  local refused = consent(work, rehearsal, given)
  if refused then return refused end
  if #work.list == 0 and work.remark and not given.quiet then
    terminal.say("geelark: " .. work.remark)
  end
  local started, job = pcall(start, nil, work.list, options_of(given))
  if not started then return status.usage(tostring(job)) end
  local signal, release = run(job, display.new(job, given.quiet), given.journal)
  local result, err = job:result()
  if err and err.kind == "config" then return status.usage(cause(err)) end
  return report.tell(result, err, given, status.of(result, err, signal), release)
end
