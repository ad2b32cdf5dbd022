-- Jobs in OpenResty, or nginx with its Lua module. `delete` looks synchronous and yields: a light
-- thread of the worker steps the job meanwhile.

local callable = require "geelark.callable"
local semaphore = require "ngx.semaphore"
local start = require "geelark.loop.start"
local thread = require "geelark.loop.ngx.thread"
local with_client = require "geelark.loop.ngx.clients"

---@class geelark.NgxOptions: geelark.LoopOptions
---@field shared_dict? string|table # a lua_shared_dict, or its name, with the quota and the requests in flight of all workers

-- Where a handler may wait.
local WAITS = { rewrite = true, access = true, content = true, timer = true, preread = true,
  ssl_cert = true, server_rewrite = true }

-- What helps elsewhere.
local IN_A_TIMER = "delete in a timer, ngx.timer.at(0, function() ... end)"
local WAY_OUT = { init = "delete in a timer that init_worker_by_lua starts by ngx.timer.at",
  exit_worker = "delete while the worker runs" }

local function check_can_wait()
  local phase = ngx.get_phase()
  if not WAITS[phase] then
    error(("geelark can't wait in the phase %s; what helps: %s"):format(phase,
      WAY_OUT[phase] or IN_A_TIMER), 3)
  end
  if thread.is_stepping() then
    error("geelark can't wait in a callback of a job; what helps: " .. IN_A_TIMER, 3)
  end
end

-- The variables of a callback live on the stack of the handler that waits. Where that was
-- killed nginx gives the stack to another request: the callback must not be called any more.
local function while_waiting(over, callback)
  if not callable(callback) then return callback end
  return function(...)
    if over:count() < 0 then return callback(...) end
  end
end

---@class geelark.loop.ngx
local ngx_loop = {}

--- Deletes phones and yields to the worker's other requests meanwhile. All calls in a worker
--- with the same credentials and addresses share one client. Callbacks run in a timer's
--- context. Where the handler is killed the job goes on to its end, without callbacks, and its
--- account goes to error.log. The functions of limiter, clock and transport stay with the client:
--- make them in a module.
---@param ids geelark.Ids
---@param options? geelark.NgxOptions
---@return geelark.Result? result
---@return geelark.Error err raises for wrong arguments, and in phases that can't yield
---@return_overload geelark.Result
---@return_overload nil, geelark.Error
function ngx_loop.delete(ids, options)
  check_can_wait()
  local entry = { over = semaphore.new() }
  entry.job = start(ids, options, function(given)
    local own = with_client(given)
    own.on_progress = while_waiting(entry.over, given.on_progress)
    own.on_event = while_waiting(entry.over, given.on_event)
    return own
  end)
  thread.run(entry)
  return entry.result, entry.err
end

return ngx_loop
