-- Jobs without end in one loop leave nothing behind, as the process's own memory shows.

local nginx = require "spec.support.nginx"
local shell = require "spec.support.shell"

-- A service that does nothing but answer, so that 10,000 jobs take a second.
local ANSWER = [[
location = / { return 204; }
location /open/ { content_by_lua_block {
  ngx.req.read_body()
  ngx.header["Content-Type"] = "application/json"
  ngx.print('{"code":0,"msg":"success","data":{"totalAmount":1,"successAmount":1,'
    .. '"failAmount":0,"failDetails":[]}}')
} }
]]

-- The jobs of one client, and of clients of their own one time in ten. Prints how many phones
-- were deleted, what the second half added of descriptors, and in KB what the jobs added to
-- Lua's memory, and to the process's the less greedy of the last two quarters: a collector that
-- is late makes one of them look worse, what is lost makes both.
local JOBS = [[
local name, url, amount = %q, %q, %d
require(name) -- luv reads a global that isn't there
require "spec.support.strict"
collectgarbage("setpause", 100) -- else 5.3 lets its heap grow for 60,000 jobs, and then no more
local count_descriptors = require "spec.support.descriptors"
local shell = require "spec.support.shell"
local geelark = require "geelark"

-- Lua's own after a full collection: it would change the pace of 5.4's later ones.
local function usage(whole)
  local descriptors = count_descriptors()
  local resident = tonumber(shell.read "/proc/self/smaps_rollup":match "Anonymous:%%s+(%%d+)")
  for _ = 1, whole and 2 or 0 do collectgarbage() end
  return { descriptors, collectgarbage "count", resident }
end

local options = { token = "t", base_url = url, requests_per_minute = false,
  requests_per_hour = false }
local client = assert(geelark.new(options))
local first, half, late
local function pick(i)
  if i == math.floor(amount / 10) then first = usage(true) end
  if i == amount / 2 then half = usage() end
  if i == amount * 3 / 4 then late = usage() end
  return { "a1" }, i %% 10 == 0 and options or { client = client }
end
local deleted = 0
local function count(result, err)
  assert(result, err)
  deleted = deleted + result.successAmount
end

if name == "luv" then
  local function go_on(i)
    if i > amount then return end
    local ids, its_options = pick(i)
    geelark.loop.luv.delete(ids, its_options, function(...)
      count(...)
      go_on(i + 1)
    end)
  end
  go_on(1)
  require("luv").run()
else
  local loop = require("cqueues").new()
  loop:wrap(function()
    for i = 1, amount do count(geelark.loop.cqueues.delete(pick(i))) end
  end)
  assert(loop:loop())
end
local last = usage(true)
print(deleted, last[1] - half[1], last[2] - first[2],
  math.min(late[3] - half[3], last[3] - late[3]))
]]

describe("10,000 jobs one after another in one loop", function()
  local server
  setup(function() server = nginx.start { locations = ANSWER } end)
  teardown(function() server:stop() end)

  for _, name in ipairs { "cqueues", "luv" } do
    it("leave no descriptor and no memory behind, in " .. name, function()
      local process = assert(io.popen(shell.run_lua(JOBS:format(name, server.url, 10000))))
      local line = process:read "*a"
      process:close()
      local deleted, descriptors, of_lua, resident = line:match "(%S+)%s+(%S+)%s+(%S+)%s+(%S+)"
      assert.equal("10000", deleted)
      assert.is_true(tonumber(descriptors) <= 0, descriptors .. " descriptors")
      -- 7 and 80 bytes a job; a table that is lost has 50 and more, a lost job thousands.
      assert.is_true(tonumber(of_lua) < 64, of_lua .. " KB of Lua's memory")
      assert.is_true(tonumber(resident) < 200, resident .. " KB")
    end)
  end
end)
