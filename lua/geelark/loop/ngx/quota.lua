-- The quota of all workers together, in a lua_shared_dict: a limiter for geelark.new, by the rules of
-- every shared quota (geelark/limiter/rules.lua).
--
-- What is in flight, and who waits, stands in one text each; each answer is an entry that expires
-- by itself, and they are numbered in the order of their coming. One worker at a time may look and
-- write, since a dictionary's functions are safe one by one alone. That takes some microseconds, in
-- which another worker that comes asks over and over: it mustn't yield. A worker that dies
-- in the middle holds the others up until its lock expires.
--
-- Times are those of a clock that all workers share and nobody sets. Entries expire by the time of
-- day: where that is set forward the hour's window may forget some of its requests.

local core = require "geelark.core"
local shared = require "geelark.limiter.shared"

local CONCURRENCY = 2 -- the default, as for every job
local KEEP = 3602 -- seconds: an answer older than that counts in no window
local LOCK = 1 -- seconds, after which nobody is in there any more
local PATIENCE = { take = 0.02, give = 1.1 } -- seconds in which to come by the lock

-- One account, one quota; the dictionary needn't know the credentials.
local function account_of(options)
  return ngx.md5(options.token or options.app_id or os.getenv "GEELARK_TOKEN"
    or os.getenv "GEELARK_APP_ID" or "")
end

-- Short, since an entry's key decides how much memory it takes.
local function prefix_of(...)
  return "geelark:" .. ngx.md5(table.concat({ ... }, " ")):sub(1, 16) .. ":"
end

local function write(dict, key, value, seconds)
  -- `set` could throw another entry out.
  if not dict:safe_set(key, value, seconds) then
    error("the lua_shared_dict has no room for the quota", 0)
  end
end

local function store_in(dict, account)
  local prefix = prefix_of(account)
  local requests, waiting = prefix .. "in flight", prefix .. "line"
  local store = {}

  -- A dictionary is there as long as the workers are.
  function store.made() return "" end

  function store.number()
    local number = (dict:get(prefix .. "number") or 0) + 1
    write(dict, prefix .. "number", number)
    return number
  end

  local function read_requests()
    local list = {}
    for ticket, ends, path in (dict:get(requests) or ""):gmatch "(%S+) (%S+) ([^\n]*)\n" do
      list[#list + 1] = { ticket = tonumber(ticket), ends = tonumber(ends), path = path }
    end
    return list
  end

  local function write_requests(list)
    local lines = {}
    for i, one in ipairs(list) do
      lines[i] = ("%d %.3f %s\n"):format(one.ticket, one.ends, one.path)
    end
    write(dict, requests, table.concat(lines))
  end

  -- In their order times mustn't fall.
  local function append_answer(path, ends)
    local answers = prefix_of(account, path)
    local next_one = dict:get(answers .. "next") or 0
    local last = dict:get(answers .. next_one - 1) or 0
    write(dict, answers .. next_one, math.max(last, ends), KEEP)
    write(dict, answers .. "next", next_one + 1)
  end

  function store.latest(path, n)
    local ends = {}
    for _, one in ipairs(read_requests()) do
      if one.path == path then ends[#ends + 1] = one.ends end
    end
    table.sort(ends)
    if n <= #ends then return ends[#ends - n + 1] end
    local answers = prefix_of(account, path)
    return dict:get(answers .. (dict:get(answers .. "next") or 0) - (n - #ends))
  end

  function store.in_flight() return #read_requests() end

  function store.add(ticket, path, ends)
    local list = read_requests()
    list[#list + 1] = { ticket = ticket, path = path, ends = ends }
    write_requests(list)
  end

  -- Takes out those of which a test holds, as answered at a time.
  local function take_out(is_over, answered_at)
    local rest, list = {}, read_requests()
    for _, one in ipairs(list) do
      if is_over(one) then append_answer(one.path, answered_at or one.ends)
      else rest[#rest + 1] = one end
    end
    if #rest < #list then write_requests(rest) end
    return #rest < #list
  end

  function store.answer(ticket, path, now)
    if take_out(function(one) return one.ticket == ticket end, now) then return end
    append_answer(path, now) -- it came after its time
  end

  -- What should have had an answer by now is a dead worker's.
  function store.expire(now)
    take_out(function(one) return one.ends <= now end)
  end

  function store.line()
    local line = {}
    for holder, since, till, place, path in (dict:get(waiting) or "")
      :gmatch "(%S+) (%S+) (%S+) (%S+) ([^\n]*)\n" do
      line[#line + 1] = { holder = tonumber(holder), since = tonumber(since),
        till = tonumber(till), place = place == "true", path = path }
    end
    return line
  end

  local function write_line(without, with)
    local lines, before = {}, dict:get(waiting) or ""
    local function add(one)
      lines[#lines + 1] = ("%d %d %.3f %s %s\n")
        :format(one.holder, one.since, one.till, tostring(one.place), one.path)
    end
    for _, one in ipairs(store.line()) do
      if one.holder ~= without.holder or one.path ~= without.path then add(one) end
    end
    if with then add(with) end
    local line = table.concat(lines)
    if line ~= before then write(dict, waiting, line) end
  end

  function store.leave(one) write_line(one) end
  function store.wait(one) write_line(one, one) end

  return store
end

-- Calls what may look and write alone; nil where another worker is in there for too long.
local function alone(dict, lock, patience, act)
  local since = core.now()
  while not dict:safe_add(lock, true, LOCK) do
    if core.now() - since > patience then return nil end
    ngx.update_time() -- by which entries expire
  end
  ngx.update_time()
  local done, answer = pcall(act, core.now())
  dict:delete(lock)
  return done and answer or error(answer, 0)
end

local function dictionary(given)
  local dict = given
  if type(dict) == "string" then dict = ngx.shared[dict] end
  if type(dict) == "table" and dict.safe_add then return dict end
  error("shared_dict: a lua_shared_dict or its name expected, got " .. tostring(given), 0)
end

local function limits_of(options)
  local limits = shared.limits("shared_dict")
  for _, name in ipairs { "requests_per_minute", "requests_per_hour" } do
    if options[name] ~= nil then limits[name] = options[name] end
  end
  limits.concurrency = options.concurrency or CONCURRENCY
  return limits
end

---@param options geelark.NgxOptions
---@return geelark.Limiter limiter for geelark.new; raises where there is no such dictionary
return function(options)
  local dict, account = dictionary(options.shared_dict), account_of(options)
  local store, lock = store_in(dict, account), prefix_of(account) .. "lock"

  return shared.limiter(limits_of(options), function(question)
    local answer = alone(dict, lock, question.ticket and PATIENCE.give or PATIENCE.take,
      function(now)
        store.expire(now)
        local result, value, holder, made = shared.decide(store, question, now)
        return { result = result, value = value, holder = holder, made = made, now = now }
      end)
    if answer then return answer end
    return nil, "another worker has the quota's dictionary"
  end)
end
