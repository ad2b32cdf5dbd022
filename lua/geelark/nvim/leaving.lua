-- Leaving Neovim in the middle of a delete: nothing more is sent, what is in flight is waited
-- for, but not for ever, and each delete still gets its account.

local uv = vim.uv or vim.loop

local EACH = 20 -- milliseconds
local INTERRUPTED = -2

---@class geelark.nvim.Run
---@field job geelark.Job
---@field client? geelark.Client
---@field finish fun(result: geelark.Result|nil, err: geelark.Error|nil)

local under_way = {} -- set of geelark.nvim.Run

local function none()
  return next(under_way) == nil
end

-- What is in flight has been waited for long enough: it is unknown.
local function cut(run)
  run.client:close()
  if not run.job:step() then return end
  local called, why = pcall(run.finish, run.job:result())
  if not called then io.stderr:write(tostring(why), "\n") end -- the others' turn comes all the same
end

local leaving = {
  patience = 10000, -- milliseconds
}

-- Neovim 0.7 sees no Ctrl-C while vim.wait has a condition to ask.
local function wait()
  local until_ms = uv.now() + leaving.patience
  local _, why
  repeat _, why = vim.wait(EACH) until none() or why == INTERRUPTED or uv.now() >= until_ms
end

local function leave()
  if none() then return end
  for run in pairs(under_way) do run.job:cancel() end
  if #vim.api.nvim_list_uis() > 0 then
    vim.cmd "redraw!" -- a message that waits for Enter would keep the screen
    vim.api.nvim_echo({ { "geelark: waiting for the last answers (Ctrl-C ends it)" } }, false, {})
    vim.cmd "redraw"
  end
  wait()
  for _, run in ipairs(vim.tbl_keys(under_way)) do
    if run.client then cut(run) end
  end
end

-- The group isn't cleared: where this file is loaded once more, what the first one watches still
-- gets its account.
local function watch_leaving()
  local group = vim.api.nvim_create_augroup("geelark", { clear = false })
  vim.api.nvim_create_autocmd("VimLeavePre", { group = group, callback = leave })
end

-- Timers, jobs and language servers call back where no autocommand can be made.
if vim.in_fast_event() then vim.schedule(watch_leaving) else watch_leaving() end

---@param run geelark.nvim.Run
function leaving.watch(run)
  under_way[run] = true
end

---@param run geelark.nvim.Run it has ended
---@return boolean|nil known whether it had not ended before
function leaving.forget(run)
  local known = under_way[run]
  under_way[run] = nil
  return known
end

--- Whether no delete is under way.
leaving.none = none

return leaving
