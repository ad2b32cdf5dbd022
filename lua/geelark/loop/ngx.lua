-- Jobs in OpenResty, or nginx with its Lua module. `delete` looks synchronous and yields.
--
-- The job itself is driven elsewhere (driver.lua): a client that goes away stops nothing
-- half-way.

local driver = require "geelark.loop.ngx.driver"
local start = require "geelark.loop.start"
local with_client = require "geelark.loop.ngx.client"

---@class geelark.NgxOptions: geelark.LoopOptions
---@field shared_dict? string|table # a lua_shared_dict, or its name, that holds the quota of all workers together

-- Where a handler may wait.
local WAITS = { rewrite = true, access = true, content = true, timer = true, preread = true,
  ssl_cert = true, server_rewrite = true }

-- The variables of a callback live on the stack of the handler that waits. Where that was
-- killed nginx gives the stack to another request: the callback must not be called any more.
local function while_waiting(over, callback)
  if type(callback) ~= "function" then return callback end
  return function(...)
    if over:count() < 0 then return callback(...) end
  end
end

local function completing(over)
  return function(options)
    local complete = with_client(options)
    complete.on_progress = while_waiting(over, options.on_progress)
    complete.on_event = while_waiting(over, options.on_event)
    return complete
  end
end

local ngx_loop = {}

--- Deletes phones and yields to the worker's other requests meanwhile. All calls in a worker
--- with the same credentials and addresses share one client. Callbacks run in a timer's
--- context. Where the handler is killed the job goes on to its end, without callbacks. The
--- functions of limiter, clock and transport stay with the client: make them in a module.
---@param ids any as geelark.delete takes them
---@param options? geelark.NgxOptions
---@return geelark.Result|nil result
---@return geelark.Error|nil err raises for wrong arguments, and in phases that can't yield
function ngx_loop.delete(ids, options)
  local phase = ngx.get_phase()
  if not WAITS[phase] then error("geelark can't wait in the phase " .. phase, 2) end
  if driver.stepping() then error("geelark can't wait in a callback of a job", 2) end
  local over = driver.semaphore()
  local job = start(ids, options, completing(over))
  driver.drive(job, over)
  return job:result()
end

return ngx_loop
