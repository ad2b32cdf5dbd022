-- Starts the job that a driver drives.

local core = require "geelark.core"

---@class geelark.LoopOptions: geelark.Options
---@field client? geelark.Client # whose connections and quota the job shares; default: one of its own

local function start(ids, options, complete)
  if complete and (options == nil or type(options) == "table") then
    options = complete(options or {})
  end
  local client = type(options) == "table" and options.client
  if not client then return core.start(ids, options) end
  local start_of = type(client) == "userdata" and client.start
  if not start_of then
    error("bad argument #2 to 'delete' (client: geelark client expected, got "
      .. type(client) .. ")", 0)
  end
  local own = {}
  for name, value in pairs(options) do
    if name ~= "client" then own[name] = value end
  end
  return start_of(client, ids, own)
end

---@param ids any as geelark.delete takes them
---@param options? geelark.LoopOptions
---@param complete? fun(options: table): geelark.LoopOptions
---@return geelark.Job job raises for wrong arguments, in the name of a driver's `delete` and
---  of the line that called it
return function(ids, options, complete)
  local started, job = pcall(start, ids, options, complete)
  if started then return job end
  local _, _, why = tostring(job):find "bad argument #%d to '.-' (.*)"
  error(why and "bad argument to 'delete' " .. why or job, 3)
end
