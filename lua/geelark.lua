-- geelark: deletes GeeLark cloud phones, any number of them, and accounts for every id.
-- The work is done by geelark.core, in C; this is what a script sees of it. The shapes of
-- options, results and the like are described in geelark/types.lua.

local core = require "geelark.core"

---@class geelark
---@field codes table<string|integer, integer|geelark.Code> # both ways: name → number, number → what it means
---@field failures fun(result: geelark.Result|geelark.Error): geelark.Failures # the failures as a list that filters
---@field loop table<string, table> # drivers for event loops: luv, nvim, ngx, cqueues
local geelark = {
  _VERSION = "geelark " .. core.version,
  codes = require "geelark.codes",
  failures = require "geelark.failures",
}

--- Deletes phones and blocks until each id is accounted for. Raises for wrong arguments,
--- before anything is sent; whatever else goes wrong comes back as `nil, err`.
---@type fun(ids: (string|integer)[]|(fun(): string|integer|nil), options?: geelark.Options): geelark.Result?, geelark.Error?
geelark.delete = core.delete

--- The same as a job that never blocks, for event loops.
---@type fun(ids: any, options?: geelark.Options): geelark.Job
geelark.start = core.start

--- A client, which keeps connections and the quota across calls.
---@type fun(options?: geelark.Options): geelark.Client?, geelark.Error?
geelark.new = core.new

--- Goes on after an earlier call: asks for the ids that it left unknown or pending, those first that
--- were never asked for. The account that comes back is that of the whole list. An id that was unknown
--- and doesn't exist any more counts as presumed deleted. Raises for a result of another process or
--- one that was saved and read again.
---@type fun(err: geelark.Error|geelark.Result, options?: geelark.Options): geelark.Result?, geelark.Error?
geelark.resume = core.resume

--- Iterates all ids in the caller's order: `for id, state, code, msg in geelark.outcomes(result) do`;
--- state is "deleted", "presumed", "failed" (then with code and msg), "unknown" or "pending". Raises as
--- resume does.
---@type fun(result: geelark.Result|geelark.Error): (fun(): (string|integer)?, geelark.State?, integer?, string?)
geelark.outcomes = core.outcomes

local function append(list, more)
  for _, id in ipairs(more) do list[#list + 1] = id end
  return list
end

--- The ids that are unknown or pending, in the caller's order: ready for the next call.
---@param result geelark.Result|geelark.Error
---@return (string|integer)[]
function geelark.remaining(result)
  if type(result) == "table" and type(result.result) == "table" then result = result.result end
  if type(result) ~= "table" or type(result.unknownIds) ~= "table" then
    error("bad argument #1 to 'remaining' (result expected, got " .. type(result) .. ")", 2)
  end
  -- The core remembers the order; a result that was saved and read again has lost it.
  return core.remaining(result) or append(append({}, result.unknownIds), result.pendingIds)
end

-- Each driver needs its host, so that it is loaded when it is first asked for.
geelark.loop = setmetatable({}, {
  __index = function(loop, name)
    loop[name] = require("geelark.loop." .. name)
    return loop[name]
  end,
})

return geelark
