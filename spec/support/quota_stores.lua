-- The stores that a quota can be shared in, each in a time that the spec sets: for the contract of
-- all of them. A store has holder(limits) → a limiter of one more holder, set(seconds) → what
-- time it is, and stop(). One that can go away has lose(), and why it then can't be asked, as a
-- pattern, in lost.

local core = require "geelark.core"
local geelark = require "geelark"
local nginx = require "spec.support.nginx"
local redis = require "spec.support.redis"
local set_clock = require "spec.support.set_clock"
local shell = require "spec.support.shell"
local socket = require "socket"
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
    lose = function() os.remove(directory:file "quota") end,
    lost = "quota is gone",
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
    connect = function() return server:connect() end,
    holder = function(limits) return geelark.limiter.redis(server:connect(), limits) end,
    set = function(seconds) clock.set(EPOCH + seconds) end,
    lose = function() server:stop() end,
    lost = "Redis: .*",
    stop = function()
      server:stop()
      directory:remove()
    end,
  }
end

local HTTP = [[
lua_shared_dict quota 5m;
init_by_lua_block { holders = dofile "%s/spec/support/ngx_holders.lua" }
]]

-- One worker has all holders; each is asked over a connection that stays open.
local LOCATIONS = [[
keepalive_requests 1000000;
location / { content_by_lua_block {
  local text = holders(ngx.req.get_uri_args())
  ngx.header["Content-Length"] = #text
  ngx.print(text)
} }
]]

function stores.nginx()
  local directory = temporary.new()
  local clock = set_clock(directory:file "now", EPOCH)
  local server = nginx.start { http = HTTP:format(shell.output "pwd"), locations = LOCATIONS,
    environment = clock.environment }
  local connection = assert(socket.connect("127.0.0.1", server.url:match "%d+$"))
  local amount = 0

  local function ask(query)
    connection:send(("GET /?%s HTTP/1.1\r\nHost: localhost\r\n\r\n"):format(query))
    local length, line
    repeat
      line = assert(connection:receive "*l")
      length = length or line:match "^Content%-Length: (%d+)"
    until line == ""
    local answer = assert(connection:receive(tonumber(length)))
    assert(not answer:find "^<", server:log() .. answer)
    return assert((loadstring or load)(answer))() -- luacheck: ignore 113
  end

  return {
    holder = function(limits)
      amount = amount + 1
      local name = ("holder=%d&minute=%s&hour=%s&concurrency=%s"):format(amount,
        tostring(limits.requests_per_minute), tostring(limits.requests_per_hour),
        limits.concurrency or 64)
      return {
        take = function(seconds, path)
          return ask(("%s&take=%s&path=%s"):format(name, seconds, path))
        end,
        give = function(token) ask(("%s&give=%d"):format(name, token)) end,
      }
    end,
    set = function(seconds) clock.set(EPOCH + seconds) end,
    stop = function()
      connection:close()
      server:stop()
      directory:remove()
    end,
  }
end

return stores
