-- How far the job has come, on standard error: one line that is drawn anew on a terminal, elsewhere
-- a line every 10 seconds.

local monotime = require("cqueues").monotime
local terminal = require "geelark.cli.terminal"
local words = require "geelark.progress"

local DRAWN_EVERY, TOLD_EVERY = 0.1, 10 -- seconds
local LONGEST_BAR, SHORTEST_BAR = 40, 6 -- columns
local SPARE = 3 -- columns, in which a terminal shows "^C" where it was pressed
local KNOWS_RATE = 1 -- seconds after which the rate means something

---@class geelark.cli.Style
---@field columns integer
---@field before integer as in Display
---@field cancelled boolean|nil
---@field blocks boolean whether the terminal shows more than ASCII
---@field paint fun(colour: string, text: string): string

---@class geelark.cli.Display
---@field every number|nil seconds between two updates; nil: there are none
---@field last number when the last one was
---@field before integer ids that were done at the start
---@field cancelled boolean|nil
---@field style geelark.cli.Style|nil of the line on a terminal; nil: there is none
local Display = {}
Display.__index = Display

local display = {}

local function duration(seconds)
  if seconds < 60 then return ("%d s"):format(math.ceil(seconds)) end
  local minutes = math.ceil(seconds / 60)
  if minutes < 60 then return ("%d min"):format(minutes) end
  return ("%d h %d min"):format(math.floor(minutes / 60), minutes % 60)
end

local function done(progress)
  return progress.totalAmount - progress.pendingAmount
end

-- "280/s, 4 s left", once it can be told.
local function rate(progress, before)
  local settled = done(progress) - before
  if settled == 0 or progress.seconds < KNOWS_RATE then return nil end
  local per_second = settled / progress.seconds
  local shown = per_second < 10 and ("%.1f"):format(per_second)
    or words.grouped(math.floor(per_second))
  return ("%s/s, %s left"):format(shown, duration(progress.pendingAmount / per_second))
end

local function percent(progress)
  local total = progress.totalAmount
  return total == 0 and 100 or math.floor(100 * done(progress) / total)
end

local function wait_of(progress, cancelled)
  return not cancelled and words.stopping(progress) or words.wait(progress, cancelled)
end

-- What stands beside the bar in so many columns. What it waits for matters more than the counts, and
-- these more than the rate.
local function beside_bar(progress, before, cancelled, columns)
  local start = ("%3d %%"):format(percent(progress))
  local counts, wait = words.counts(progress), wait_of(progress, cancelled)
  local remark = wait or rate(progress, before)
  local all = start .. "  " .. counts .. (remark and "  " .. remark or "")
  for _, text in ipairs { all, start .. "  " .. (wait or counts) } do
    if #text <= columns then return text end
  end
  return (wait or counts):sub(1, columns)
end

local function bar(room, share, blocks, paint)
  local full = math.floor(room * share)
  local on, off = blocks and "█" or "#", blocks and "░" or "."
  return paint("green", on:rep(full)) .. off:rep(room - full)
end

--- The line for a terminal.
---@param progress geelark.Progress
---@param style geelark.cli.Style
---@return string
function display.line(progress, style)
  local text = beside_bar(progress, style.before, style.cancelled, style.columns)
  local room = math.min(style.columns - #text - 1, LONGEST_BAR)
  if room < SHORTEST_BAR then return (text:gsub("^ +", "")) end
  local total = progress.totalAmount
  local share = total == 0 and 1 or done(progress) / total
  return bar(room, share, style.blocks, style.paint) .. " " .. text
end

--- The line where there is no terminal.
---@param progress geelark.Progress
---@param before integer ids that were done at the start
---@param cancelled boolean|nil
---@return string
function display.text(progress, before, cancelled)
  local remark = wait_of(progress, cancelled) or rate(progress, before)
  return ("geelark: %d %% of %s: %s%s"):format(percent(progress),
    words.grouped(progress.totalAmount), words.counts(progress), remark and "; " .. remark or "")
end

-- A line that is longer than a terminal that was made smaller meanwhile is cut off and not broken,
-- so that it is drawn over the next time.
local function draw(self, progress)
  if self.style then
    io.stderr:write("\r\27[?7l", display.line(progress, self.style), "\27[K\27[?7h")
  else
    io.stderr:write(display.text(progress, self.before, self.cancelled), "\n")
  end
  io.stderr:flush()
end

--- Shows where a job stands, where it is time to.
---@param job geelark.Job
function Display:update(job)
  local now = monotime()
  if not self.every or now - self.last < self.every then return end
  self.last = now
  draw(self, job:progress())
end

--- From now on it tells that nothing more is sent.
---@param job geelark.Job
function Display:cancel(job)
  self.cancelled = true
  if self.style then self.style.cancelled = true end
  if self.every then draw(self, job:progress()) end
end

--- Takes the line away.
function Display:close()
  if self.style then io.stderr:write "\r\27[K" end
end

---@param job geelark.Job
---@param quiet boolean|nil whether it shows nothing
---@return geelark.cli.Display
function display.new(job, quiet)
  local before = done(job:progress())
  local self = setmetatable({ before = before, last = monotime() }, Display)
  if quiet then return self end
  self.every = TOLD_EVERY
  if terminal.is(io.stderr) then
    self.every, self.last = DRAWN_EVERY, 0
    self.style = { columns = terminal.columns() - SPARE, before = before,
      blocks = terminal.draws_blocks(), paint = terminal.painter(io.stderr) }
  end
  return self
end

return display
