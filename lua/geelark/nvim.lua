-- Jobs in Neovim's loop. All functions of the caller's are called from the main loop, where all
-- of Neovim's may be called. A job that has none but the last callback goes on whatever the
-- editor is at, a prompt included.
--
-- The core is loaded when it is first needed, so that Neovim starts no later. Where plugin/ wasn't
-- installed, loading this file defines the commands.

local clients = require "geelark.nvim.client"
local leaving = require "geelark.nvim.leaving"

---@class geelark.nvim
local nvim = {}

--- Deletes phones while the editor goes on. Where Neovim is left in the middle, nothing more
--- is sent, and the callback is called before Neovim ends.
---@param ids geelark.Ids
---@param options geelark.LoopOptions|nil
---@param callback fun(result: geelark.Result?, err: geelark.Error) called once
---@return geelark.Job job for cancel and progress; raises for wrong arguments
function nvim.delete(ids, options, callback)
  if not vim.is_callable(callback) then
    error("bad argument to 'delete' (callback: function expected, got " .. type(callback) .. ")", 2)
  end
  if not pcall(require, "geelark.core") then
    error("geelark: the core can't be loaded, see :checkhealth geelark", 2)
  end
  local run = {}
  function run.finish(result, err)
    if leaving.forget(run) then callback(result, err) end
  end
  local own = clients.with_own(options) -- so that leaving Neovim can close the client
  local put_off = clients.call_back(own) and vim.schedule or nil
  local luv = require "geelark.loop.luv"
  local started, job = pcall(luv.delete, ids, own, function(result, err)
    vim.schedule(function() run.finish(result, err) end)
  end, put_off)
  if not started then error(job, 2) end
  run.job, run.client = job, own and own.client
  leaving.watch(run)
  return job
end

--- Sets the options of :GeelarkDelete; without a call, the environment alone counts.
---@param options geelark.Options
function nvim.setup(options)
  clients.setup(options)
end

local function define() require "geelark.nvim.commands" end

-- Timers, jobs and language servers call back where most of Neovim's functions can't be called.
if vim.in_fast_event() then vim.schedule(define) else define() end

return nvim
