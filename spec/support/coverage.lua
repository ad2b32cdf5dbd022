-- Which lines and branches of the C core's sources ran, from what gcov writes of them, held
-- against the list of lines that can't run here. A line is named by its file, its function and
-- its text, and so goes on being named when lines are added above it.

local coverage = {}

---@class spec.support.CoveredLine
---@field path string
---@field name string function
---@field count number
---@field branches number[] how often each was taken

-- Of a line that was compiled differently (a macro of compat.h), that with the most branches.
local function most_branches(variants)
  local most = variants[0] or {}
  for _, branches in pairs(variants) do
    if #branches > #most then most = branches end
  end
  return most
end

-- Adds one translation unit's lines; of an inline function there is one in each that has it.
local function add_unit(lines, unit)
  for _, file in ipairs(unit.files) do
    if file.file:find "^src/" then
      for _, line in ipairs(file.lines) do
        local key = ("%s:%d"):format(file.file, line.line_number)
        local known = lines[key]
        if not known then
          known = { path = file.file, number = line.line_number, name = line.function_name,
            count = 0, variants = {} }
          lines[key] = known
        end
        known.count = known.count + line.count
        local branches = known.variants[#line.branches] or {}
        known.variants[#line.branches] = branches
        for i, branch in ipairs(line.branches) do
          branches[i] = (branches[i] or 0) + branch.count
        end
      end
    end
  end
end

---@param units table[] decoded documents of gcov's, one a translation unit
---@return spec.support.CoveredLine[] in the order of files and lines
function coverage.lines(units)
  local lines, list = {}, {}
  for _, unit in ipairs(units) do add_unit(lines, unit) end
  for _, line in pairs(lines) do
    line.branches = most_branches(line.variants)
    list[#list + 1] = line
  end
  table.sort(list, function(a, b)
    if a.path ~= b.path then return a.path < b.path end
    return a.number < b.number
  end)
  return list
end

---Reads the list of lines that can't run here: a reason, and below it the lines, indented.
---@param text string
---@return table<string, integer> how often each "path: function: text" is named
function coverage.read_list(text)
  local named, reason = {}, nil
  for line in text:gmatch "[^\n]+" do
    local entry = line:match "^  (%S.*)"
    if not entry then
      reason = not line:find "^#" and line or nil
    else
      assert(reason, "no reason stands above: " .. entry)
      named[entry] = (named[entry] or 0) + 1
    end
  end
  return named
end

---@param lines spec.support.CoveredLine[]
---@param text_of fun(path: string, number: integer): string the line itself
---@param named table<string, integer> from read_list
---@return string[] complaints a sentence each
---@return table figures lines, covered, branches, taken
function coverage.compare(lines, text_of, named)
  local complaints, left = {}, {}
  local figures = { lines = 0, covered = 0, named = 0, branches = 0, taken = 0 }
  for entry, count in pairs(named) do left[entry] = count end
  for _, line in ipairs(lines) do
    figures.lines = figures.lines + 1
    for _, count in ipairs(line.branches) do
      figures.branches = figures.branches + 1
      if count > 0 then figures.taken = figures.taken + 1 end
    end
    local text = text_of(line.path, line.number):gsub("^%s+", "")
    local entry = ("%s: %s: %s"):format(line.path, line.name, text)
    if line.count > 0 then
      figures.covered = figures.covered + 1
    elseif (left[entry] or 0) > 0 then
      left[entry] = left[entry] - 1
      figures.named = figures.named + 1
    else
      complaints[#complaints + 1] = ("line %d runs in no spec: %s"):format(line.number, entry)
    end
  end
  local stale = {}
  for entry, count in pairs(left) do
    if count > 0 then stale[#stale + 1] = "it is named, and runs or is gone: " .. entry end
  end
  table.sort(stale)
  for _, sentence in ipairs(stale) do complaints[#complaints + 1] = sentence end
  return complaints, figures
end

---@param lines spec.support.CoveredLine[]
---@return string[] "src/x.c:12: 1 of 4 branches never taken"
function coverage.untaken(lines)
  local list = {}
  for _, line in ipairs(lines) do
    local untaken = 0
    for _, count in ipairs(line.branches) do if count == 0 then untaken = untaken + 1 end end
    if untaken > 0 then
      list[#list + 1] = ("%s:%d: %d of %d branches never taken"):format(line.path, line.number,
        untaken, #line.branches)
    end
  end
  return list
end

-- Run ----------------------------------------------------------------------------------------

local BRANCHES_MIN = 92 -- of a hundred

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "*a"
  file:close()
  return text
end

local function reader_of_lines()
  local files = {}
  return function(path, number)
    if not files[path] then
      files[path] = {}
      for line in io.lines(path) do table.insert(files[path], line) end
    end
    return files[path][number]
  end
end

local function percent(part, whole) return whole == 0 and 100 or 100 * part / whole end

-- A row for each file.
local function print_shares(lines, text_of)
  local files, names = {}, {}
  for _, line in ipairs(lines) do
    if not files[line.path] then
      files[line.path] = {}
      names[#names + 1] = line.path
    end
    table.insert(files[line.path], line)
  end
  for _, name in ipairs(names) do
    local _, of = coverage.compare(files[name], text_of, {})
    print(("%6.1f %% of %4d lines %6.1f %% of %4d branches  %s"):format(
      percent(of.covered, of.lines), of.lines, percent(of.taken, of.branches), of.branches, name))
  end
end

-- gcov's documents stand in folder/counts.json, one a line. Without a list only shares are told.
local function main(folder, list)
  local decode, units = require("cjson").decode, {}
  for line in io.lines(folder .. "/counts.json") do units[#units + 1] = decode(line) end
  assert(#units > 0, "gcov has said nothing")
  local lines, text_of = coverage.lines(units), reader_of_lines()
  print_shares(lines, text_of)
  local file = assert(io.open(folder .. "/branches.txt", "w"))
  file:write(table.concat(coverage.untaken(lines), "\n"), "\n")
  file:close()
  if not list then return end

  local complaints, of = coverage.compare(lines, text_of, coverage.read_list(read(list)))
  local share = percent(of.taken, of.branches)
  if share < BRANCHES_MIN then
    complaints[#complaints + 1] = ("at least %d %% of the branches are wanted"):format(BRANCHES_MIN)
  end
  for _, complaint in ipairs(complaints) do print(complaint) end
  print(("coverage: %d of %d lines, %d more cannot run here; %d of %d branches, %.1f %%"):format(
    of.covered, of.lines, of.named, of.taken, of.branches, share))
  os.exit(#complaints == 0)
end

if ... == "spec.support.coverage" then return coverage end
main(...)
