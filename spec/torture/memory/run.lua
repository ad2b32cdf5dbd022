-- All scenarios on the Lua that runs this, which has the core of allocations.h. Prints each finding,
-- and last lines for ../memory.lua: "apart times entry" for what isn't ours, and "figures failed
-- findings scenarios".
-- Usage: run.lua STRIDE FIRST [CASE]: every STRIDE-th allocation, from the FIRST on.

local case = require "spec.torture.memory.case"
local certificates = require "spec.support.certificates"
local not_ours = require "spec.torture.memory.not_ours"
local shell = require "spec.support.shell"
local worlds = require "spec.torture.memory.worlds"

local BATCH = 100 -- runs in one child
local HELD_UP = 4 -- times that a busy machine may hold up a run; what really hangs does so each time

local stride, first, wanted = tonumber(arg[1]), tonumber(arg[2]), arg[3] or ""

local function load_lab()
  local lua = shell.lua_name()
  local object = ("build/torture/%s/lab.so"):format(lua)
  shell.run(("cc -shared -fPIC -O1 -g -D_GNU_SOURCE $(pkg-config --cflags %s libcurl) -o %s "
    .. "spec/torture/memory/lab.c $(pkg-config --libs libcurl) -ldl"):format(lua, object))
  return assert(package.loadlib("./" .. object, "luaopen_lab"))()
end

local lab = load_lab()
local pairs_of = certificates.new()
local folder = case.temporary.new()

local figures = { failed = 0, findings = 0 }
local apart = {} -- how often, by the number of the entry of not_ours

-- Whether a complaint is about somebody else; counted, if so.
local function is_not_ours(complaint)
  local entry = not_ours.find(complaint)
  if entry then apart[entry] = (apart[entry] or 0) + 1 end
  return entry ~= nil
end

-- A run has ended badly: by whose fault?
local function judge(name, complaint)
  if is_not_ours(complaint) then return end
  figures.findings = figures.findings + 1
  print(("%s: %s"):format(name, complaint))
  io.stdout:flush()
end

local function name_of(world, allocator, onwards, point)
  local mode = onwards and "onwards" or "once"
  return ("%s, %s, %s"):format(world.name, allocator, mode) .. (point and ", " .. point or "")
end

-- Runs in a child, each told of as it begins and ends, so that what ends the child has a number.
local function run_points(world, allocator, onwards, from, to)
  return lab.child(function()
    local bench = case.bench(lab, world, pairs_of, folder)
    for point = from, to, stride do
      lab.report(("begin %d\n"):format(point))
      local refused, complaint, notes = bench:run(allocator, point, onwards)
      if refused == 0 then return lab.report "end\n" end
      for note in pairs(notes) do lab.report(("note %s\n"):format(note)) end
      if complaint then lab.report(("wrong %s\n"):format(complaint:gsub("\n", " | "))) end
      lab.report "failed\n"
    end
  end)
end

-- Returns the next point, or nil: nothing failed any more. `hung`: how often the first one has hung.
local function batch(world, allocator, onwards, from, to, hung)
  local text, status = run_points(world, allocator, onwards, from, to)
  local at, ended = from, false
  for line in text:gmatch "[^\n]+" do
    local word, rest = line:match "^(%S+) ?(.*)$"
    local name = name_of(world, allocator, onwards, at)
    if word == "begin" then at = tonumber(rest)
    elseif word == "failed" then figures.failed = figures.failed + 1
    elseif word == "wrong" then judge(name, rest)
    elseif word == "note" then is_not_ours("note " .. rest) -- most of them are accounts
    elseif word == "end" then ended = true
    elseif word == "trouble" then error(name .. ": " .. rest, 0)
    elseif word == "hang" and (hung or 0) < HELD_UP then
      return batch(world, allocator, onwards, at, at, (hung or 0) + 1)
    else
      figures.failed = figures.failed + 1
      judge(name, line)
      return at + stride
    end
  end
  if status ~= 0 then
    judge(name_of(world, allocator, onwards, at), "the process ended with " .. status)
    return at + stride
  end
  if not ended then return at + stride end
end

local function sweep(world, allocator, onwards)
  local n, before, began = first, figures.failed, case.monotime()
  while n do n = batch(world, allocator, onwards, n, n + (BATCH - 1) * stride) end
  if not os.getenv "VERBOSE" then return end
  print(("  %s: %d, %.1f s"):format(name_of(world, allocator, onwards), figures.failed - before,
    case.monotime() - began))
  io.stdout:flush()
end

for _, world in ipairs(worlds) do
  for _, allocator in ipairs { "lua", "core", "curl" } do
    for _, onwards in ipairs { false, true } do
      local fits = allocator ~= "curl" or world.network
      if fits and name_of(world, allocator, onwards):find(wanted, 1, true) then
        sweep(world, allocator, onwards)
      end
    end
  end
end
pairs_of:remove()
folder:remove()
for entry, times in pairs(apart) do print(("apart %d %d"):format(times, entry)) end
print(("figures %d %d %d"):format(figures.failed, figures.findings, #worlds))
