-- A Redis server on a free loopback port, in a directory of its own, and connections to it by
-- redis-lua. It ends with the spec's process, however that ends.

local on_free_port = require "spec.support.on_free_port"
local shell = require "spec.support.shell"
local temporary = require "spec.support.temporary"

-- It is told to end by a line, or by the pipe's end.
local GUARD = "trap '' INT HUP TERM; read -r _; kill %d"
local COMMAND = "echo $$; exec env PATH=$PATH:/usr/sbin %s redis-server --port %d --bind 127.0.0.1 "
  .. "--save '' --dir %s 2>&1"

---@class spec.support.Redis
---@field port integer
local Redis = {}
Redis.__index = Redis

local redis = {}

---@return table redis-lua's module
function redis.client()
  shell.need("command -v redis-server", "redis-server")
  local found, client = pcall(require, "redis")
  if not found then -- Debian has it for no Lua above 5.3, yet the same file runs on those, too
    package.path = package.path .. ";/usr/share/lua/5.3/?.lua"
    found, client = pcall(require, "redis")
  end
  if not found then error("missing (redis-lua): apt-get install lua-redis\n" .. client, 0) end
  return client
end

local function start(environment, port)
  local directory = temporary.new()
  local output = assert(io.popen(COMMAND:format(environment or "", port,
    shell.quote(directory.path))))
  local pid, said = output:read "*n", {}
  local guard = assert(io.popen(GUARD:format(pid), "w"))
  repeat
    local line = output:read "*l"
    said[#said + 1] = line
    if not line then
      guard:close()
      directory:remove()
      error("redis-server: " .. table.concat(said, "\n"), 0)
    end
  until line:find "Ready to accept connections"
  return setmetatable({ port = port, pid = pid, directory = directory, output = output,
    guard = guard }, Redis)
end

---@param environment string|nil for the shell
---@param port integer|nil default: a free one
---@return spec.support.Redis listening
function redis.start(environment, port)
  redis.client()
  if port then return start(environment, port) end
  return on_free_port(function(free) return start(environment, free) end)
end

---@return table client of redis-lua
function Redis:connect()
  return redis.client().connect("127.0.0.1", self.port)
end

---Ends it; it is gone on return. May be called again.
function Redis:stop()
  if not self.guard then return end
  self.guard:write "\n"
  self.guard:flush()
  self.output:close() -- waits for it
  self.guard:close()
  self.directory:remove()
  self.guard = nil
end

return redis
