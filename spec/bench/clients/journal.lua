-- What a journal costs, beside what it can't do without, in one process:
-- BENCH_MODE=request: BENCH_REQUESTS requests with a journal less those without, and as many times
-- two bare fdatasyncs. BENCH_MODE=plan: a million ids put into a new journal by the start of a job,
-- and bare inserts of them. Prints the seconds of both.

local DBI = require "DBI"
local fdatasync = require "spec.support.native" "fdatasync"
local geelark = require "geelark"
local service = require "geelark.simulator"
local time = require("cqueues").monotime

local FOLDER = "build/bench/journal"

local function timed(run, ...)
  local from = time()
  run(...)
  return time() - from
end

local function clear() os.execute("rm -rf " .. FOLDER .. " && mkdir -p " .. FOLDER) end

local function transport(request) return service.success(request.ids) end

-- The seconds of all requests and their answers; what the start plans is measured by itself.
local function delete(ids, journal)
  local job = assert(geelark.start(ids, { token = "t", transport = transport, journal = journal,
    requests_per_minute = false, requests_per_hour = false }))
  local seconds = timed(function() while not job:step() do end end)
  assert(assert(job:result()).successAmount == #ids)
  return seconds
end

local function insert_bare(ids)
  local connection = assert(DBI.Connect("SQLite3", FOLDER .. "/bare.db"))
  connection:autocommit(true)
  for _, sql in ipairs { "CREATE TABLE phones (id TEXT PRIMARY KEY, state TEXT, code TEXT, "
    .. "msg TEXT, asked INTEGER, stop TEXT)", "BEGIN" } do
    assert(connection:prepare(sql)):execute()
  end
  local insert = assert(connection:prepare "INSERT INTO phones (id, state) VALUES (?, 'pending')")
  for _, id in ipairs(ids) do assert(insert:execute(id)) end
  assert(connection:prepare "COMMIT"):execute()
  insert:close()
  connection:close()
end

local modes = {}

function modes.request()
  local requests = assert(tonumber(os.getenv "BENCH_REQUESTS"))
  local ids = service.ids(100 * requests)
  delete(ids)
  local without = delete(ids)
  local with = delete(ids, FOLDER .. "/run.db")
  return with - without, fdatasync(FOLDER .. "/page", 2 * requests)
end

function modes.plan()
  local ids = service.ids(1000000)
  local client = assert(geelark.new { token = "t", transport = transport })
  local bare = timed(insert_bare, ids)
  return timed(client.start, client, ids, { journal = FOLDER .. "/run.db" }), bare
end

clear()
print(modes[os.getenv "BENCH_MODE"]())
clear()
