-- How far a delete has come, in a small window in the corner that never gets the focus. It
-- looks at the job a few times a second, however many answers come.

local uv = vim.uv or vim.loop
local words = require "geelark.progress"

local FIRST, EVERY = 100, 200 -- milliseconds; what is over before needs no window
local BAR = 30                -- cells

local namespace = vim.api.nvim_create_namespace "geelark.progress"

-- Names of their own, which colour schemes and users may set.
local LINKS = {
  GeelarkNormal = "NormalFloat", GeelarkBorder = "FloatBorder", GeelarkTitle = "FloatTitle",
  GeelarkBar = "Special",
}

-- A link by default gives way to anybody's. :highlight clear, with which colour schemes begin,
-- takes it away, so that this is done again and again.
local function link_highlights()
  for name, standard in pairs(LINKS) do
    vim.cmd(("highlight default link %s %s"):format(name, standard))
  end
end

---@class geelark.nvim.Progress
---@field job geelark.Job
---@field timer table libuv's
---@field buffer integer|nil
---@field window integer|nil
---@field tabpage integer|nil where the window was opened
---@field cancelled boolean|nil
---@field closed boolean|nil
local Progress = {}
Progress.__index = Progress

-- Its lines, and the bytes of the bar that are full.
local function draw(self)
  local progress = self.job:progress()
  local total = progress.totalAmount
  local done = progress.successAmount + progress.failAmount
  local full = math.floor(BAR * done / total)
  local bar = ("━"):rep(full)
  return {
    (" Deleting %s cloud phone%s"):format(words.grouped(total), total == 1 and "" or "s"),
    (" %s%s %3d %%"):format(bar, ("─"):rep(BAR - full), math.floor(100 * done / total)),
    " " .. words.counts(progress, true),
    " " .. (words.wait(progress, self.cancelled) or ":GeelarkCancel stops it"),
  }, #bar
end

local function colour(buffer, lines, bar)
  link_highlights()
  vim.api.nvim_buf_clear_namespace(buffer, namespace, 0, -1)
  local function mark(line, first, last, group)
    vim.api.nvim_buf_set_extmark(buffer, namespace, line, first,
      { end_col = last, hl_group = group })
  end
  mark(0, 0, #lines[1], "GeelarkTitle")
  mark(1, 1, 1 + bar, "GeelarkBar")
end

local function place(lines)
  local width = 0
  for _, line in ipairs(lines) do width = math.max(width, vim.fn.strdisplaywidth(line)) end
  return {
    relative = "editor", anchor = "SE", width = width + 1, height = #lines,
    row = vim.o.lines - vim.o.cmdheight - 1, col = vim.o.columns,
    style = "minimal", border = "rounded", focusable = false,
  }
end

local function hide(self)
  if self.window and vim.api.nvim_win_is_valid(self.window) then
    pcall(vim.api.nvim_win_close, self.window, true)
  end
end

local function open(self, lines)
  self.buffer = vim.api.nvim_create_buf(false, true)
  vim.bo[self.buffer].bufhidden = "wipe"
  local config = place(lines)
  config.noautocmd = true
  self.window = vim.api.nvim_open_win(self.buffer, false, config)
  vim.wo[self.window].wrap = false
  vim.wo[self.window].winhighlight = "Normal:GeelarkNormal,FloatBorder:GeelarkBorder"
end

local function show(self)
  if self.closed then return end
  local lines, bar = draw(self)
  local here = vim.api.nvim_get_current_tabpage()
  local shown = self.window and vim.api.nvim_win_is_valid(self.window)
  if shown and vim.api.nvim_win_get_tabpage(self.window) ~= here then
    hide(self)
    shown = false
  elseif self.window and not shown and self.tabpage == here then
    return -- somebody has closed it
  end
  if not shown then open(self, lines) end
  self.tabpage = here
  vim.api.nvim_win_set_config(self.window, place(lines))
  vim.api.nvim_buf_set_lines(self.buffer, 0, -1, false, lines)
  colour(self.buffer, lines, bar)
end

--- Says that the delete was cancelled.
function Progress:cancel()
  self.cancelled = true
end

--- Takes the window away.
function Progress:close()
  if not self.closed then self.timer:close() end
  self.closed = true
  hide(self)
  local left = self.window and vim.api.nvim_win_is_valid(self.window)
  -- While the command-line window is open, no other can be closed.
  if left then vim.defer_fn(function() self:close() end, EVERY) end
end

---@param job geelark.Job
---@return geelark.nvim.Progress
return function(job)
  local self = setmetatable({ job = job, timer = uv.new_timer() }, Progress)
  -- A window that can't be shown now, as in too small a screen, is no reason to stop.
  self.timer:start(FIRST, EVERY, vim.schedule_wrap(function() pcall(show, self) end))
  return self
end
