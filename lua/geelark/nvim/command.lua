-- What :GeelarkDelete and :GeelarkCancel do. Everything is read and checked before anybody is
-- asked, and one delete runs at a time.

local nvim = require "geelark.nvim"

local current -- { job =, progress =, places = } under way

local EVERY = 100 -- milliseconds

-- Only what others put in vim.notify's place shows the title.
local function say(text, level)
  vim.notify(text, vim.log.levels[level], { title = "geelark" })
end

-- Whether what is said now would be drawn over before it is read: by an open command line or
-- prompt, or by the name of the mode.
local function drawn_over()
  local mode = vim.api.nvim_get_mode().mode
  return #vim.api.nvim_list_uis() > 0
    and (mode == "c" or vim.o.showmode and mode:sub(1, 1) ~= "n")
end

-- Says what nobody waits for, once it can be seen.
local function announce(text, level)
  if not drawn_over() then return say(text, level) end
  vim.defer_fn(function() announce(text, level) end, EVERY)
end

local function refuse(why)
  say("geelark: " .. why .. "; nothing was deleted", "ERROR")
end

-- Ids, whether ++stop is among the arguments, and what is wrong with them. No id begins with a plus.
local function split(arguments)
  local ids, stop, why = {}, false, nil
  for _, argument in ipairs(arguments) do
    if argument == "++stop" then stop = true
    elseif vim.startswith(argument, "++") then why = "there is no " .. argument .. ", only ++stop"
    else ids[#ids + 1] = argument end
  end
  return ids, stop, why
end

-- The ids that stand in a call's arguments, or in its lines.
local function read(call, arguments)
  local reader = require "geelark.nvim.ids"
  if #arguments > 0 and call.range > 0 then return nil, "both a range and ids are given" end
  if #arguments > 0 then return reader.from_arguments(arguments) end
  if call.range == 0 then return nil, "give a range, as in :%GeelarkDelete, or ids" end
  return reader.from_lines(vim.api.nvim_get_current_buf(), call.line1, call.line2)
end

-- A picker's Enter takes the first choice, so that one deletes nothing. Some call back later, when
-- other things may have been done.
local function ask(ids, stop, answer)
  local count, again, stopping = #ids.list, "", ""
  if ids.repeated > 0 then again = (" (%d more are repeated)"):format(ids.repeated) end
  local what = count == 1 and "the cloud phone " .. ids.list[1] or count .. " cloud phones"
  if stop then
    stopping = count == 1 and ", stopping it if it runs"
      or (", stopping up to %d that run"):format(count)
  end
  local delete = "Delete " .. what
  vim.ui.select({ "No, delete nothing", delete },
    { prompt = ("Delete %s%s%s? This can't be undone."):format(what, again, stopping),
      kind = "geelark" },
    function(choice)
      vim.cmd "redraw" -- the editor's own choice leaves its lines, and would append ours
      answer(choice == delete)
    end)
end

-- Nobody looks at a quickfix list any more.
local function record(account)
  if #account.left == 0 then return end
  local path, why = require("geelark.nvim.record").write(account)
  local text = account.summary .. (path and "\nThe ids are listed in " .. path or "")
  if not path then -- at least the screen has them
    local describe = require("geelark.account").text
    text = text .. "\nThey can't be written to a file: " .. tostring(why)
    for _, left in ipairs(account.left) do
      text = text .. "\n" .. left.id .. " " .. describe(left)
    end
  end
  if #vim.api.nvim_list_uis() > 0 and vim.v.dying == 0 then vim.fn.confirm(text, "&OK")
  else io.stderr:write(text, "\n") end
end

local function conclude(account, trouble)
  current.places:close()
  local dry_run, left = current.dry_run, #account.left > 0
  current = nil
  if dry_run then return announce("geelark: dry run, nothing was sent", "INFO") end
  if trouble then
    return announce(account.summary .. "; quickfix list cut off: " .. trouble, "ERROR")
  end
  announce(account.summary .. (left and ", see :copen" or ""), left and "WARN" or "INFO")
end

local function finish(result, err)
  current.progress:close()
  local account = require("geelark.account").new(result, err)
  if vim.v.exiting ~= vim.NIL then return record(account) end
  if #account.left == 0 or current.dry_run then return conclude(account) end
  require "geelark.nvim.quickfix"(account, current.places, function(trouble)
    conclude(account, trouble)
  end)
end

local function begin(ids, places, options)
  local job = nvim.delete(ids.list, options, finish)
  current = { job = job, places = places, dry_run = options.dry_run,
    progress = require "geelark.nvim.progress"(job) }
end

local BUSY = "geelark: already deleting (:GeelarkCancel stops it)"

local command = {}

--- :GeelarkDelete
---@param call table what nvim_create_user_command tells
function command.delete(call)
  if current then return say(BUSY, "ERROR") end
  if not pcall(require, "geelark.core") then
    return refuse "the core can't be loaded, see :checkhealth geelark"
  end
  local arguments, stop, wrong = split(call.fargs)
  if wrong then return refuse(wrong) end
  local ids, why = read(call, arguments)
  if not ids then return refuse(why) end
  if #ids.list == 0 then return refuse "the lines hold no id" end
  local clients = require "geelark.nvim.client"
  why = clients.flaw(ids.list)
  if why then return refuse(why) end
  if not call.bang and #vim.api.nvim_list_uis() == 0 then
    return refuse "there is no screen to ask on (:GeelarkDelete! doesn't ask)"
  end
  local buffer = call.range > 0 and vim.api.nvim_get_current_buf() or nil
  local places = require("geelark.nvim.places").mark(ids, buffer)
  local options = clients.shared(stop)
  if call.bang then return begin(ids, places, options) end
  ask(ids, options.stop_started, function(agreed)
    if agreed and not current then return begin(ids, places, options) end
    places:close()
    if agreed then say(BUSY, "ERROR") else say("geelark: nothing was deleted", "INFO") end
  end)
end

--- :GeelarkCancel
function command.cancel()
  if not current then return say("geelark: no delete is under way", "INFO") end
  current.job:cancel()
  current.progress:cancel()
end

--- Whether no delete of the command is under way.
function command.idle()
  return current == nil
end

return command
