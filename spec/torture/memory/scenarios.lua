-- What a victim does while allocations fail. Each scenario has `setup` (nothing fails yet), `act`,
-- and `finish`, which gives the account of `ids`, if there is one. Where it is the victim's own code
-- that finds no memory (Lua may need some to call a function), `act` is called once more and goes on.

local scenarios = {}

local account, client, job

local function finish() return account end

local function take_result(of)
  local result, err = insist(of.result, of)
  account = result or err
end

-- The job of a client, to its end.
local function by_job(more)
  local given
  return {
    setup = function() given = options(more and more() or nil) end,
    act = function()
      client = client or insist(geelark.new, given)
      job = job or insist(client.start, client, ids)
      drive(job)
      take_result(job)
    end,
    finish = finish,
  }
end

local function ignore() end

scenarios.http = by_job(function()
  return { chunk_size = 1, on_event = ignore, on_progress = ignore }
end)

scenarios.tls = by_job(function() return { chunk_size = 1 } end)

scenarios.halving = by_job(function() return { chunk_size = 8, on_event = ignore } end)

scenarios.stops = by_job(function() return { stop_started = true, on_event = ignore } end)

-- A limiter whose place each request has to give back.
local places = 0

scenarios.limiter = by_job(function()
  return { chunk_size = 2, limiter = {
    take = function() places = places + 1 return true end,
    give = function() places = places - 1 end,
  } }
end)

function scenarios.limiter.finish()
  if places ~= 0 then error(places .. " places of the limiter are not given back", 0) end
  return account
end

-- The blocking call, which may raise instead of giving an account.
local given

scenarios.delete = {
  setup = function()
    given = options { chunk_size = 2, on_event = ignore, on_progress = ignore }
  end,
  act = function()
    local result, err = geelark.delete(ids, given)
    account = result or err
  end,
  finish = finish,
}

scenarios.resume = {
  setup = function()
    local _, err = geelark.delete(ids, options { chunk_size = 2, attempts = 1 })
    client, given = assert(err), options { chunk_size = 2 }
  end,
  act = function()
    local result, err = geelark.resume(client, given)
    account = result or err
  end,
  finish = finish,
}

-- Lua 5.1 and LuaJIT leave a mark where a module's loading was cut short, and refuse it from then
-- on. Takes the marks away; another complaint is raised.
local function forget_modules(complaint)
  if not complaint:find "loop or previous error loading module" then error(complaint, 0) end
  note "require"
  for _, pattern in ipairs { "^geelark", "^cjson", "^DBI", "^dbd" } do
    for name in pairs(package.loaded) do
      if name:find(pattern) then package.loaded[name] = nil end
    end
  end
end

-- Modules are loaded, by a state that has none of them.
scenarios.load = {
  act = function() geelark = require "geelark" end,
  finish = function()
    local ok, module = pcall(require, "geelark")
    if not ok then
      forget_modules(module)
      module = require "geelark"
    end
    geelark = module
  end,
}

-- Arguments are checked, right ones and wrong ones; nothing is sent.
local wrong = {
  { "delete", { "1", "x y" } }, { "check", { "1", false } }, { "delete", "1" },
  { "delete", { "1" }, { tokn = "t" } }, { "new", { chunk_size = 101 } },
  { "new", { proxy = "http://u:p@[" } }, { "new", { base_url = "http://example.org" } },
  { "start", { "1" }, { token = "a b\n" } },
}

scenarios.options = {
  setup = function()
    given = { app_id = "an-app-id", api_key = "an-api-key", ca_file = ca_bundle,
      proxy = "http://user:secret-word@127.0.0.1:1", base_url = "https://127.0.0.1:1/path/",
      chunk_size = 3, concurrency = 3, timeout = 3, connect_timeout = 3, attempts = 2,
      max_wait = 10, deadline = 100, requests_per_minute = 100, requests_per_hour = false,
      stop_started = true, stop_timeout = 5, dry_run = true, on_progress = ignore,
      on_event = ignore, clock = clock }
  end,
  act = function()
    for _, call in ipairs(wrong) do
      local ok, why = pcall(geelark[call[1]], call[2], call[3])
      if ok then error("nothing was wrong with call " .. call[1], 0) end
      local out_of_memory = why:find "not enough memory"
      if not out_of_memory and not why:find "bad argument" then error(why, 0) end
    end
    client = client or insist(geelark.new, given)
    local result, err = insist(client.delete, client, ids)
    account = assert(result, err)
    insist(client.close, client)
  end,
  finish = finish,
}

local was_dropped

-- What failed in the journal may have ended the job, and left ids: the next call goes on.
local function go_on()
  job = nil
  collectgarbage()
  local result, err = client:delete(ids, given)
  if err and err.kind == "config" then
    forget_modules(err.message)
    result, err = client:delete(ids, given)
  end
  if err then error(err.message, 0) end
  account = result
end

-- A call that is cut short by a dropped job goes on where its journal ends.
local function with_journal(more)
  return {
    setup = function()
      given = { journal = journal_file, on_event = ignore }
      for name, value in pairs(more) do given[name] = value end
      client = assert(geelark.new(options()))
    end,
    act = function()
      if not was_dropped then
        job = insist(client.start, client, ids, given)
        pcall(job.step, job)
        was_dropped, job = true, nil
        collectgarbage()
      end
      job = job or insist(client.start, client, ids, given)
      drive(job)
      take_result(job)
    end,
    finish = function()
      if not account or account.kind then go_on() end
      local read, err = geelark.journal.read(journal_file)
      if not read then error(err.message, 0) end
      note("journal", tell(read))
      return account
    end,
  }
end

scenarios.journal = with_journal { chunk_size = 2 }

scenarios["journal and stops"] = with_journal { chunk_size = 3, stop_started = true }

scenarios["journal.read"] = {
  setup = function()
    assert(geelark.delete(ids, options { journal = journal_file, chunk_size = 2 }))
  end,
  act = function()
    local result, err = insist(geelark.journal.read, journal_file)
    account = assert(result, err)
  end,
  finish = finish,
}

-- In the middle of a job.
local function begin(more)
  local begun
  return function()
    begun = options(more)
    client = assert(geelark.new(begun))
    job = assert(client:start(ids))
    job:step()
    if network then pump() end
    job:step()
  end
end

scenarios.cancel = {
  setup = begin { chunk_size = 1 },
  act = function()
    insist(job.cancel, job)
    drive(job)
    take_result(job)
  end,
  finish = finish,
}

local other

scenarios.drop = {
  setup = begin { chunk_size = 1 },
  act = function()
    other = other or client and insist(client.start, client, more_ids_too)
    if other then
      pcall(other.step, other)
      pcall(other.pollfd, other)
    end
    other, job, client = nil, nil, nil
    collectgarbage()
    collectgarbage()
  end,
  finish = ignore,
}

local second, also

scenarios.close = {
  setup = begin { chunk_size = 1 },
  act = function()
    second = second or insist(client.start, client, more_ids_too)
    pcall(second.step, second)
    insist(client.close, client)
    drive(second)
    drive(job)
    take_result(second)
    also = account
    take_result(job)
  end,
  finish = function()
    note("also", tell(also))
    return account
  end,
}

-- What the Lua layer makes of a result.
local failures
local layer = {
  function() failures = geelark.failures(account) end,
  function() return failures:where("started"):except { id = "1" }:retryable() end,
  function() return failures:by_code(), failures:ids(), failures:count() end,
  function() return tostring(failures) end,
  function() for _ in geelark.outcomes(account) do ignore() end end,
  function() return geelark.remaining(account) end,
  function() return geelark.codes[1], geelark.codes[43009], geelark.codes.started end,
}

scenarios.failures = {
  setup = function() account = assert(geelark.delete(ids, options())) end,
  act = function()
    for _, use in ipairs(layer) do insist(use) end
  end,
  finish = finish,
}

-- All kinds of answers, of which none ends the job.
scenarios.faults = by_job(function()
  return { chunk_size = 2, attempts = 20, on_event = ignore, on_progress = ignore }
end)

scenarios["faults over TLS"] = by_job(function()
  return { chunk_size = 2, attempts = 20, on_event = ignore }
end)

local nasty = setmetatable({}, { __tostring = function() error "no text" end })
local events = 0

scenarios.callbacks = by_job(function()
  return { chunk_size = 2,
    on_progress = function() error(nasty) end,
    on_event = function()
      events = events + 1
      if events == 4 then error { "a table" } end
    end }
end)

return scenarios
