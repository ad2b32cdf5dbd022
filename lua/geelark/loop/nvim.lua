-- Jobs in Neovim's loop. The network goes on whatever the editor is at, a prompt included; the
-- callbacks come from the main loop, where all of Neovim's functions may be called, in order.
--
-- Loading this file defines :GeelarkDelete and :GeelarkCancel. The core is loaded when it is
-- first needed, so that Neovim starts no later.

local clients = require "geelark.nvim.client"
local leaving = require "geelark.nvim.leaving"

local CALLBACKS = { "on_progress", "on_event" }

local function tostring_err(err)
  return err.message
end

-- What the job came to. A callback that raised has decided it, as it does elsewhere.
local function outcome(run, result, err)
  local decided = run.trouble and (not err or err.kind == "cancelled")
  if not decided then return result, err end
  err = err or setmetatable({ result = result }, { __tostring = tostring_err })
  err.kind, err.message = "callback", run.trouble
  return nil, err
end

-- A callback that the main loop calls. Where it raises, nothing more is sent.
local function scheduled(run, name, callback)
  return function(value)
    vim.schedule(function()
      if run.trouble then return end
      local fine, why = pcall(callback, value)
      if fine then return end
      run.trouble = name .. ": " .. tostring(why)
      run.job:cancel()
    end)
  end
end

-- The caller's options, with a client that leaving Neovim can close.
local function prepare(run, options)
  local own = clients.with_own(options)
  if type(own) ~= "table" then return own end -- luv's delete says what is wrong
  for _, name in ipairs(CALLBACKS) do
    local callback = own[name]
    if type(callback) == "function" then own[name] = scheduled(run, name, callback) end
  end
  run.client = own.client
  return own
end

local nvim = {}

--- Deletes phones while the editor goes on. Where Neovim is left in the middle, nothing more
--- is sent, and the callback is called before Neovim ends.
---@param ids any as geelark.delete takes them
---@param options geelark.LoopOptions|nil its limiter, transport and clock are called from the
---  loop itself, where only the functions of vim.loop may be
---@param callback fun(result: geelark.Result|nil, err: geelark.Error|nil) called once
---@return geelark.Job job for cancel and progress; raises for wrong arguments
function nvim.delete(ids, options, callback)
  if not vim.is_callable(callback) then
    error("bad argument to 'delete' (callback: function expected, got " .. type(callback) .. ")", 2)
  end
  local run = {}
  function run.finish(result, err)
    if not leaving.forget(run) then return end
    callback(outcome(run, result, err))
  end
  local luv = require "geelark.loop.luv"
  local started, job = pcall(luv.delete, ids, prepare(run, options), function(result, err)
    vim.schedule(function() run.finish(result, err) end)
  end)
  if not started then error(job, 2) end
  run.job = job
  leaving.watch(run)
  return job
end

--- Sets the options of :GeelarkDelete; without a call, the environment alone counts.
---@param options geelark.Options
function nvim.setup(options)
  clients.setup(options)
end

require("geelark.nvim.command").define(nvim)

return nvim
