-- geelark failures

local accounts = require "geelark.account"
local geelark = require "geelark"
local filter_of = require "geelark.cli.filter"
local formats = require "geelark.cli.formats"
local report = require "geelark.cli.report"
local results = require "geelark.cli.results"
local status = require "geelark.cli.status"
local terminal = require "geelark.cli.terminal"

local COLUMNS = { "id", "code", "name", "msg" }

-- Of what was raised, without where: the filter stands before it.
local function words_of(raised)
  local text = raised:match "bad argument #1 to 'where' %((.*)%)$" or raised
  return (text:gsub("[^ ]*%.lua:%d+: ", ""):gsub("^filter[^ ]*: ", ""))
end

-- Those that all filters pick; nil and why where one is none.
local function pick(failures, filters)
  for _, text in ipairs(filters) do
    local right, picked = pcall(function() return failures:where(filter_of(text)) end)
    if not right then
      return nil, ("--where %s: %s"):format(text, words_of(picked))
    end
    failures = picked
  end
  return failures
end

local function rows(failures)
  local i = 0
  return function()
    i = i + 1
    local failure = failures[i]
    return failure and { failure.id, failure.code, geelark.codes[failure.code].name, failure.msg }
  end
end

-- No failures don't mean that all went well.
local function tell_unsettled(result, journal)
  if #result.unknownIds + #result.pendingIds == 0 then return end
  terminal.say(accounts.new(result).summary)
  report.how_to_go_on(journal)
end

---@param given table arguments
---@return integer status
return function(given)
  local result, err = geelark.journal.read(given.journal)
  if not result then return status.usage(err.message) end
  local failures, why = pick(geelark.failures(result), given.where)
  if not failures then return status.usage(why) end
  local ended = results(function(output)
    formats[given.format](output, COLUMNS, rows(failures))
  end, status.DONE)
  tell_unsettled(result, given.journal)
  return ended
end
