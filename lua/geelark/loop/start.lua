-- How every loop starts the job that it drives: on the client of the option `client`, where
-- there is one, and with errors that name `delete`, which is what the caller called.

local core = require "geelark.core"

---@class geelark.LoopOptions: geelark.Options
---@field client? geelark.Client # whose connections and quota the job shares; default: one of its own

local function start(ids, options, prepare)
  if options ~= nil and type(options) ~= "table" then return core.start(ids, options) end
  options = options or {}
  if prepare then options = prepare(options) end
  local client = options.client
  if client == nil then return core.start(ids, options) end
  local start_of = type(client) == "userdata" and client.start
  if not start_of then
    error("bad argument #2 to 'delete' (client: geelark client expected, got "
      .. type(client) .. ")", 0)
  end
  local of_job = {}
  for name, value in pairs(options) do
    if name ~= "client" then of_job[name] = value end
  end
  return start_of(client, ids, of_job)
end

---@param ids any as geelark.delete takes them
---@param options? geelark.LoopOptions
---@param prepare? fun(options: table): geelark.LoopOptions # returns the options to take instead
---@return geelark.Job job raises for wrong arguments, and blames the line that called `delete`
return function(ids, options, prepare)
  local started, job = pcall(start, ids, options, prepare)
  if started then return job end
  if type(job) == "string" then
    job = job:gsub("^.-bad argument #%d to '.-' ", "bad argument to 'delete' ")
  end
  error(job, 3)
end
