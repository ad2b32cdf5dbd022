-- How every loop starts the job that it drives: on the client of the option `client`, where
-- there is one, and with errors that name `delete`, which is what the caller called.

local core = require "geelark.core"
local inherits = require "geelark.inherits"

local FLAWS = 1000000 -- a function that gives so many that are no ids may never end

---@class geelark.LoopOptions: geelark.Options
---@field client? geelark.Client # whose connections and quota the job shares; default: as geelark.start

local start_job = core.starter "bad argument to 'delete' (%s)"

-- Reads an iterator to its end in Lua, so that it may yield, which it couldn't under the core.
-- What is wrong with it, the core says: it is given all that came, as it came.
local function read(iterator)
  -- What these return wants a table at each call.
  if iterator == pairs {} or iterator == ipairs {} then return iterator end
  local list, flaws, second = {}, 0, nil
  local function add(id, ...)
    if id == nil then return false end
    list[#list + 1] = id
    if not core.is_id(id) then flaws = flaws + 1 end
    for i = 1, select("#", ...) do
      if second == nil then second = (select(i, ...)) end
    end
    return second == nil and flaws < FLAWS
  end
  while add(iterator()) do end
  if second == nil then return list end
  local position = 0
  return function()
    position = position + 1
    if position == #list then return list[position], second end
    return list[position]
  end
end

-- The client, and the options without it.
local function split(options, prepare)
  if options ~= nil and type(options) ~= "table" then return nil, options end
  options = options or {}
  if inherits(options) then return nil, options end -- the core says why
  if prepare then options = prepare(options) end
  local of_job = {}
  for name, value in pairs(options) do
    if name ~= "client" then of_job[name] = value end
  end
  return options.client, of_job
end

---@param ids geelark.Ids an iterator may yield
---@param options? geelark.LoopOptions
---@param prepare? fun(options: table): geelark.LoopOptions # returns the options to take instead
---@return geelark.Job job raises for wrong arguments, and blames the line that called `delete`
return function(ids, options, prepare)
  if type(ids) == "function" then ids = read(ids) end
  local done, client, of_job = pcall(split, options, prepare)
  local job = client
  if done then done, job = pcall(start_job, client, ids, of_job) end
  if done then return job end
  error(job, 3)
end
