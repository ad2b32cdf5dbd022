-- A quota that many machines share, in a Redis server (5 or newer): one script, by the server's
-- time. A server's clock that is set back makes requests wait longer than they have to.
--
-- The script is sent whole each time: a few kilobytes, 200 times a minute, and no cache of scripts
-- that may have been flushed.

local callable = require "geelark.callable"
local core = require "geelark.core"
local rules = require "geelark.limiter.rules"
local shared = require "geelark.limiter.shared"

local NAME = "geelark.limiter.redis"
-- In braces, so that a cluster keeps them together.
local PREFIX = "{geelark.limiter}:"

local STORE = [==[
local MADE, NUMBERS, IN_FLIGHT, LINE, REQUESTS = unpack(KEYS)
local KEEP = 7300 -- seconds: after them nothing counts that was ever let through
local time = redis.call("TIME")
local now = time[1] + time[2] / 1e6
local store = {}

-- A number as Redis takes it.
local function exact(number) return ("%.6f"):format(number) end

function store.made()
  redis.call("SET", MADE, exact(now), "NX")
  return redis.call("GET", MADE)
end

function store.number() return redis.call("INCR", NUMBERS) end

function store.latest(_, n)
  return tonumber(redis.call("ZREVRANGE", REQUESTS, n - 1, n - 1, "WITHSCORES")[2])
end

function store.in_flight() return redis.call("ZCOUNT", IN_FLIGHT, "(" .. exact(now), "+inf") end

function store.add(ticket, _, ends)
  redis.call("ZADD", REQUESTS, exact(ends), ticket)
  redis.call("ZADD", IN_FLIGHT, exact(ends), ticket)
end

function store.answer(ticket)
  redis.call("ZADD", REQUESTS, "XX", exact(now), ticket)
  redis.call("ZREM", IN_FLIGHT, ticket)
end

-- Who waits: its number and path are the field, all else is the value.
function store.line()
  local line, entries = {}, redis.call("HGETALL", LINE)
  for i = 1, #entries, 2 do
    local holder, path = entries[i]:match "^(%d+) (.*)$"
    local since, till, place = entries[i + 1]:match "^(%S+) (%S+) (%S+)$"
    line[#line + 1] = { holder = tonumber(holder), path = path, since = tonumber(since),
      till = tonumber(till), place = place == "true" }
  end
  return line
end

local function field(one) return ("%d %s"):format(one.holder, one.path) end

function store.leave(one) redis.call("HDEL", LINE, field(one)) end

function store.wait(one)
  redis.call("HSET", LINE, field(one),
    ("%d %s %s"):format(one.since, exact(one.till), tostring(one.place)))
end

local question = { path = ARGV[2], seconds = tonumber(ARGV[3]), ticket = tonumber(ARGV[4]),
  holder = tonumber(ARGV[5]), made = ARGV[6] ~= "" and ARGV[6], counts_until = tonumber(ARGV[7]),
  limits = { requests_per_minute = tonumber(ARGV[8]), requests_per_hour = tonumber(ARGV[9]),
    concurrency = tonumber(ARGV[10]) } }
local result, value, holder, made = decide(store, question, now)

redis.call("ZREMRANGEBYSCORE", REQUESTS, "-inf", exact(now - 3700))
redis.call("ZREMRANGEBYSCORE", IN_FLIGHT, "-inf", exact(now))
for _, key in ipairs(KEYS) do redis.call("EXPIRE", key, KEEP + math.ceil(question.seconds or 0)) end
return { ARGV[1], result, exact(value or 0), exact(holder or 0), made or "", exact(now) }
]==]

local SCRIPT = rules .. STORE

-- The decimal point of this process's locale, which may be a comma; the server's is a point.
local function point() return ("%.1f"):format(0):match "%D" end

-- What the script takes: a value, or nothing.
local function word(value)
  if type(value) ~= "number" then return value or "" end
  return (("%.6f"):format(value):gsub("%" .. point(), "."))
end

local function number(text) return tonumber((tostring(text):gsub("%.", point()))) end

-- Calls eval where nobody can yield: the limiter mustn't, and a client that does has to say so at
-- once, and not when its first request leaves. string.gsub lets no call of its own through.
local function eval(connection, ...)
  local words, ran, reply, why = { ... }, nil, nil, nil
  ("x"):gsub("x", function()
    ran, reply, why = pcall(connection.eval, connection,
      (table.unpack or unpack)(words)) -- luacheck: ignore 113
  end)
  if not ran and tostring(reply):find("attempt to yield", 1, true) then
    error(NAME .. ": the client's eval yields, and a limiter mustn't; in nginx there is the "
      .. "option shared_dict", 0)
  end
  if ran then return reply, why end
  return nil, reply
end

local function check_connection(connection)
  local found, method = pcall(function() return connection.eval end)
  if not found or not callable(method) then
    error(("%s: an object with a method eval expected, got %s"):format(NAME, type(connection)), 0)
  end
end

-- An answer in Lua's own numbers; nil where it is none to this question.
local function read(reply, nonce)
  if type(reply) ~= "table" or reply[1] ~= nonce then return nil end
  return { result = reply[2], value = number(reply[3]), holder = number(reply[4]),
    made = reply[5], now = number(reply[6]) }
end

-- A client object; eval blocks until the server has answered. redis-lua's is one.
---@class geelark.limiter.Connection
---@field eval fun(self: table, script: string, keys: integer, ...: string): any, any

---A limiter for geelark.new, for all that share the server's database. The connection belongs to the
---process that made it.
---@param connection geelark.limiter.Connection
---@param limits? geelark.Limits
---@return geelark.Limiter
return function(connection, limits)
  check_connection(connection)
  limits = shared.limits(NAME, limits)
  local pid, asked = core.pid(), 0
  eval(connection, "return 1", 0) -- whether it yields; all else is seen when it matters

  return shared.limiter(limits, function(question)
    if core.pid() ~= pid then
      error(NAME .. ": the connection was made by another process, before a fork: "
        .. "make a new one", 0)
    end
    asked = asked + 1
    -- A client that gave up waiting may read the answer to an earlier question.
    local nonce = tostring(asked)
    local reply, why = eval(connection, SCRIPT, 5, PREFIX .. "made", PREFIX .. "numbers",
      PREFIX .. "in flight", PREFIX .. "line", PREFIX .. question.path, nonce, question.path,
      word(question.seconds), word(question.ticket), word(question.holder), word(question.made),
      word(question.counts_until), word(limits.requests_per_minute),
      word(limits.requests_per_hour), word(limits.concurrency))
    local answer = read(reply, nonce)
    if answer then return answer end
    return nil, "Redis: " .. tostring(why or "another question's answer")
  end)
end
