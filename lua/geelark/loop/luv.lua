-- Jobs in a libuv loop: luv's, or Neovim's own.

local callable = require "geelark.callable"
local start = require "geelark.loop.start"

local vim = rawget(_G, "vim")
local uv = vim and (vim.uv or vim.loop) or require "luv"

local LONGEST = 1e6 -- seconds; a step too early does no harm

-- Rounded up. One more, since libuv counts from the last whole millisecond and would call
-- before it is time.
local function milliseconds(seconds)
  return seconds > 0 and math.ceil(math.min(seconds, LONGEST) * 1000) + 1 or 0
end

---@class geelark.loop.luv
local luv = {}

--- Deletes phones while the loop goes on. Nothing is sent before the loop runs.
---@param ids geelark.Ids
---@param options geelark.LoopOptions|nil
---@param callback fun(result: geelark.Result?, err: geelark.Error) called once, from
---  the loop, when each id is accounted for
---@param put_off nil|fun(step: fun()) where the job can't be stepped from the loop itself:
---  calls the function later
---@return geelark.Job job for cancel and progress; raises for wrong arguments
function luv.delete(ids, options, callback, put_off)
  if not callable(callback) then
    error("bad argument to 'delete' (callback: function expected, got " .. type(callback) .. ")", 2)
  end
  local job = start(ids, options)
  local fd = job:pollfd()
  local timer, poll = assert(uv.new_timer()), fd and assert(uv.new_poll(fd))
  local step

  local function stop_waiting()
    timer:stop()
    if poll then poll:stop() end
  end

  local function wake()
    if not put_off then return step() end
    stop_waiting() -- else the loop would spin until the step comes
    put_off(step)
  end

  local function wait()
    local seconds = job:timeout()
    uv.update_time()
    timer:stop()
    if seconds then timer:start(milliseconds(seconds), 0, wake) end
    if put_off and poll then poll:start("r", wake) end
  end

  local function close()
    timer:close()
    if poll then poll:close() end
  end

  function step()
    local stepped, done = pcall(job.step, job)
    if stepped and not done then return wait() end
    close() -- an error, as in the child of a fork, must not come again and again
    if not stepped then error(done, 0) end
    callback(job:result())
  end

  if poll then poll:start("r", wake) end
  timer:start(0, 0, wake)
  return job
end

return luv
