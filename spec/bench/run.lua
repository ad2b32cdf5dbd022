-- Runs the measures and prints what they found beside their targets:
--
--     lua5.4 spec/bench/run.lua [measure [programs]]
--
-- from the top of the source tree. `programs` is a Lua pattern that chooses among the
-- programs that are compared with the floor. ROUNDS in the environment says how often
-- each is measured.

local report = require "spec.bench.report"
local shell = require "spec.support.shell"

local names = { "instructions", "cpu", "failures", "signing", "idle", "longest_step",
  "growth", "memory", "latency", "quota", "shared_quota", "startup", "startup_tls", "tls", "nginx",
  "nvim", "simulator", "journal" }

-- Tests that must succeed, and the packages that make them.
local needed = {
  { "command -v cc", "gcc" },
  { "pkg-config libcurl", "pkg-config libcurl4-openssl-dev" },
  { "command -v curl", "curl" },
  { "command -v nginx && ls /usr/lib/nginx/modules/ngx_http_lua_module.so",
    "nginx libnginx-mod-http-lua" },
  { "command -v nvim", "neovim" },
  { "command -v valgrind", "valgrind" },
  { "command -v openssl", "openssl" },
  { "command -v redis-server && command -v faketime", "redis-server faketime" },
  { [[lua5.4 -e 'require "dbd.sqlite3"']], "lua-dbi-sqlite3" },
  { "ls /usr/share/lua/5.3/redis.lua", "lua-redis" },
  { "command -v taskset && command -v unshare", "util-linux" },
  { [[lua5.4 -e 'require "socket" require "cjson"']], "lua5.4 lua-socket lua-cjson" },
  { [[lua5.1 -e 'require "curl" require "cjson"']], "lua5.1 lua-curl lua-cjson" },
  { [[luajit -e 'require "curl" require "cjson"']], "luajit lua-curl lua-cjson" },
}

local function chosen(name)
  if not name then return names end
  for _, known in ipairs(names) do
    if known == name then return { name } end
  end
  error(("no measure %s; there are: %s"):format(name, table.concat(names, ", ")), 0)
end

local function run(session, measures)
  for _, name in ipairs(measures) do
    local measure = require("spec.bench.measures." .. name)
    report(name, measure, measure.rows(session))
  end
end

local function main(name, wanted)
  local measures = chosen(name)
  for _, need in ipairs(needed) do shell.need(need[1], need[2]) end
  local bench = require "spec.bench.bench" -- once what it needs is known to be there
  local session = bench.open(tonumber(os.getenv "ROUNDS") or 5, wanted or "")
  local ran, trouble = pcall(run, session, measures)
  session:close()
  if not ran then error(trouble, 0) end
end

local ran, trouble = pcall(main, arg[1], arg[2])
if not ran then
  io.stderr:write("bench: ", tostring(trouble), "\n")
  os.exit(1)
end
