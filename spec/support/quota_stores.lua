-- The stores that a quota can be shared in, each in a time that the spec sets: for the contract of
-- all of them. A store has holder(limits) → a limiter of one more holder, set(seconds) → what
-- time it is, and stop().

local core = require "geelark.core"
local geelark = require "geelark"
local redis = require "spec.support.redis"
local set_clock = require "spec.support.set_clock"
local temporary = require "spec.support.temporary"

local stores = {}

function stores.sqlite()
  local directory = temporary.new()
  local now, real = 0, core.now
  core.now = function() return now end -- luacheck: ignore 122
  return {
    file = directory:file "quota",
    holder = function(limits) return geelark.limiter.sqlite(directory:file "quota", limits) end,
    set = function(seconds) now = seconds end,
    stop = function()
      core.now = real -- luacheck: ignore 122
      directory:remove()
    end,
  }
end

local EPOCH = 1700000000 -- where a server's time begins: none takes 0 for a time of day

function stores.redis()
  local directory = temporary.new()
  local clock = set_clock(directory:file "now", EPOCH)
  local server = redis.start(clock.environment)
  return {
    server = server,
    connect = function() return server:connect() end,
    holder = function(limits) return geelark.limiter.redis(server:connect(), limits) end,
    set = function(seconds) clock.set(EPOCH + seconds) end,
    stop = function()
      server:stop()
      directory:remove()
    end,
  }
end

return stores
