-- Holders of the quota in nginx's dictionary, inside a worker, for a spec that asks from without: what
-- a request asks for is called, and what it returned goes back as Lua.

-- luacheck: std ngx_lua

-- The spec sets the time of day.
require("geelark.core").now = function()
  ngx.update_time()
  return ngx.now()
end

local holders = {}

local function limit(text)
  return tonumber(text) or false
end

local function holder_of(arguments)
  local name = arguments.holder
  holders[name] = holders[name] or {
    limiter = require "geelark.loop.ngx.quota" { shared_dict = "quota", token = "t",
      requests_per_minute = limit(arguments.minute), requests_per_hour = limit(arguments.hour),
      concurrency = limit(arguments.concurrency) },
    tokens = {},
    taken = 0,
  }
  return holders[name]
end

---@param arguments table<string, string>
---@return string Lua that returns what came back; a token as its number
return function(arguments)
  if not arguments.holder then return "" end
  local holder = holder_of(arguments)
  if arguments.give then
    local number = tonumber(arguments.give)
    holder.limiter.give(holder.tokens[number])
    holder.tokens[number] = nil
    return "return nil"
  end
  local token, wait = holder.limiter.take(tonumber(arguments.take), arguments.path)
  if not token then return ("return nil, %.17g"):format(wait) end
  holder.taken = holder.taken + 1
  holder.tokens[holder.taken] = token
  return "return " .. holder.taken
end
