-- Event loops, each with its driver, as one function: host(calls) runs deletes at once in one
-- loop and returns when all have ended. It is loaded into the host's own process (Neovim,
-- nginx), too, so that nothing is required here but what that host has.

local geelark = require "geelark"

local TICK = 0.01 -- seconds
local LONGEST_MS = 60000

---@class spec.support.Call
---@field ids any
---@field options table
---@field on_tick nil|fun(job: geelark.Job|nil) called every 10 ms until the call has ended
---@field polled boolean|nil on_tick needs the job, also where the driver's delete gives none

---@class spec.support.Outcome
---@field result table|nil
---@field err table|nil

---@alias spec.support.Host
---| fun(calls: spec.support.Call[]): spec.support.Outcome[], integer # how often a timer of
---  10 ms fired meanwhile; raises what delete raises

-- Plain tables, which can go to another process.
local function outcome(result, err)
  if not err then return { result = result } end
  return { err = { kind = err.kind, message = err.message, result = err.result } }
end

-- What the outcomes are gathered in.
local function gathering(calls)
  local self = { outcomes = {}, left = #calls, ticks = 0, jobs = {} }
  function self.ended(i, ...)
    self.outcomes[i] = outcome(...)
    self.left = self.left - 1
  end
  function self.tick()
    self.ticks = self.ticks + 1
    for i, call in ipairs(calls) do
      if call.on_tick and not self.outcomes[i] then call.on_tick(self.jobs[i]) end
    end
  end
  return self
end

-- A libuv loop; `run(over)` runs it until over() is true.
local function libuv(driver, uv, run)
  return function(calls)
    local all = gathering(calls)
    for i, call in ipairs(calls) do
      all.jobs[i] = driver.delete(call.ids, call.options, function(...) all.ended(i, ...) end)
    end
    local timer = uv.new_timer()
    timer:start(TICK * 1000, TICK * 1000, function()
      all.tick()
      if all.left == 0 then timer:close() end
    end)
    run(function() return all.left == 0 and timer:is_closing() end)
    return all.outcomes, all.ticks
  end
end

-- By the name of the driver; each loads its loop when it is asked for.
local hosts = {}

function hosts.luv()
  local uv = require "luv" -- Debian: lua-luv
  return libuv(require "geelark.loop.luv", uv, function() uv.run() end)
end

function hosts.nvim()
  local vim = rawget(_G, "vim")
  return libuv(require "geelark.loop.nvim", vim.uv or vim.loop, function(over)
    assert(vim.wait(LONGEST_MS, over, TICK * 1000), "the deletes don't end")
  end)
end

function hosts.cqueues()
  local cqueues = require "cqueues" -- Debian: lua-cqueues
  local driver = require "geelark.loop.cqueues"
  local function poll(call, keep)
    local job = geelark.start(call.ids, call.options)
    keep(job)
    while not job:step() do cqueues.poll(job) end
    return job:result()
  end
  return function(calls)
    local loop, all = cqueues.new(), gathering(calls)
    for i, call in ipairs(calls) do
      loop:wrap(function()
        if call.polled then
          all.ended(i, poll(call, function(job) all.jobs[i] = job end))
        else
          all.ended(i, driver.delete(call.ids, call.options))
        end
      end)
    end
    loop:wrap(function()
      while all.left > 0 do
        cqueues.sleep(TICK)
        all.tick()
      end
    end)
    local ran, why = loop:loop()
    if not ran then error(why, 0) end
    return all.outcomes, all.ticks
  end
end

function hosts.ngx()
  local ngx, driver = rawget(_G, "ngx"), require "geelark.loop.ngx"
  return function(calls)
    local all, trouble = gathering(calls), nil
    local function run(i, call)
      local ran, result, err = pcall(driver.delete, call.ids, call.options)
      if ran then return all.ended(i, result, err) end
      trouble, all.left = result, 0
    end
    for i, call in ipairs(calls) do ngx.thread.spawn(run, i, call) end
    while all.left > 0 do
      ngx.sleep(TICK)
      all.tick()
    end
    if trouble then error(trouble, 0) end
    return all.outcomes, all.ticks
  end
end

return hosts
