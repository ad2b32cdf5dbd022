-- nginx whose handlers delete, and the simulator that they ask. In the Lua of a location are
-- known: `geelark`, `delete` (the loop's), `some(from, to)` of the ids of 2,000 phones, and
-- `say(result, err)`, which writes the account as a line.

local nginx = require "spec.support.nginx"
local simulator = require "spec.support.simulator"

local PRELUDE = [[
  local geelark = require "geelark"
  local delete = require("geelark.loop.ngx").delete
  local function some(from, to)
    return { unpack(require("geelark.simulator.phones").ids(2000), from, to) }
  end
  local function say(result, err)
    result = result or err.result
    ngx.say(("%d deleted, %d failed, %d unknown, %d pending%s"):format(result.successAmount,
      result.failAmount, #result.unknownIds, #result.pendingIds, err and ", " .. err.kind or ""))
  end
]]

local jobs = {}

---@param path string
---@param source string Lua
---@param phase string|nil in which it runs; default "content"
---@param more string|nil directives besides
---@return string configuration of a location
function jobs.location(path, source, phase, more)
  return ("location = %s { %s_by_lua_block { %s\n%s }\n%s }\n"):format(path, phase or "content",
    PRELUDE, source, more or "")
end

---@class spec.support.NginxJobsOptions
---@field main string|nil configuration
---@field http string|nil configuration
---@field workers integer|nil default 1
---@field simulator geelark.simulator.Options|nil default: 2,000 phones
---@field environment string|nil for the shell; default: the simulator's address and token

---@param locations string
---@param options spec.support.NginxJobsOptions|nil
---@return spec.support.Nginx server
---@return spec.support.Simulator simulator
function jobs.start(locations, options)
  options = options or {}
  local sim = simulator.start(options.simulator or { phones = 2000 })
  local server = nginx.start {
    main = options.main, http = options.http, workers = options.workers,
    locations = "location = / { return 204; }\n" .. locations,
    environment = options.environment or "GEELARK_TOKEN=simulator GEELARK_BASE_URL=" .. sim.url,
  }
  return server, sim
end

return jobs
