-- The rules that the tree of C sources keeps, checked over the text of its files.
--
-- src/ may know Lua. src/lib/ doesn't, and includes nothing from src/; libcurl is known to
-- two of its files and libcrypto to one. A room is a name's .c and .h together; rooms include
-- one another in no circle, so neither do headers. No function is longer than a screen.

local LONGEST = 50 -- lines, from a function's first line to its closing brace

local curl_users = { ["src/lib/transfer.c"] = true, ["src/lib/url.c"] = true }
local crypto_users = { ["src/lib/signer.c"] = true }

---@alias spec.support.Files table<string, string> a path, as "src/lib/job.c", to its text

local function sorted_keys(map)
  local keys = {}
  for key in pairs(map) do keys[#keys + 1] = key end
  table.sort(keys)
  return keys
end

local function count_lines(text)
  return select(2, text:gsub("\n", "\n"))
end

-- Includes ---------------------------------------------------------------------------------

-- "src/lib" and "../compat.h" make "src/compat.h".
local function join(folder, name)
  local path = folder .. "/" .. name
  repeat
    local shorter, found = path:gsub("[^/]+/%.%./", "", 1)
    path = shorter
  until found == 0
  return path
end

-- Calls visit(header, is_ours) for each include; what is ours gets its whole path.
local function each_include(files, path, visit)
  local folder = path:match "^(.*)/"
  for mark, name in ("\n" .. files[path]):gmatch '\n%s*#%s*include%s*([<"])([^>"]+)' do
    local ours = join(folder, name)
    if mark == '"' and files[ours] then visit(ours, true) else visit(name, false) end
  end
end

local function is_in_lib(path) return path:find "^src/lib/" ~= nil end

local function is_lua(header)
  return header:find "^lua%w*%.h$" or header:find "^lauxlib%.h$"
end

-- What a file must not include, as the end of a sentence, or nil. That no header leads to Lua
-- by a detour follows: what lib includes is in lib and checked itself.
local function objection(path, header, is_ours)
  if is_in_lib(path) and is_ours and not is_in_lib(header) then
    return "which is not in src/lib"
  elseif is_in_lib(path) and is_lua(header) then
    return "but src/lib knows no Lua"
  elseif header:find "^curl/" and not curl_users[path] then
    return "which is for " .. table.concat(sorted_keys(curl_users), " and ")
  elseif header:find "^openssl/" and not crypto_users[path] then
    return "which is for " .. table.concat(sorted_keys(crypto_users), " and ")
  end
end

local function check_includes(files, complain)
  for _, path in ipairs(sorted_keys(files)) do
    each_include(files, path, function(header, is_ours)
      local why = objection(path, header, is_ours)
      if why then complain("%s includes %s, %s", path, header, why) end
    end)
  end
end

-- Circles ----------------------------------------------------------------------------------

local function room_of(path) return (path:gsub("%.[ch]$", "")) end

-- Which rooms each room includes.
local function rooms_of(files)
  local rooms = {}
  for path in pairs(files) do
    local room = room_of(path)
    rooms[room] = rooms[room] or {}
    each_include(files, path, function(header, is_ours)
      if is_ours and room_of(header) ~= room then rooms[room][room_of(header)] = true end
    end)
  end
  return rooms
end

local function check_circles(files, complain)
  local rooms, finished, way = rooms_of(files), {}, {}
  local function visit(room)
    for i, earlier in ipairs(way) do
      if earlier == room then
        complain("a circle: %s -> %s", table.concat(way, " -> ", i), room)
        return
      end
    end
    if finished[room] then return end
    way[#way + 1] = room
    for _, included in ipairs(sorted_keys(rooms[room])) do visit(included) end
    way[#way] = nil
    finished[room] = true
  end
  for _, room in ipairs(sorted_keys(rooms)) do visit(room) end
end

-- Functions --------------------------------------------------------------------------------

-- Calls visit(name, lines) for each function: its head begins in the first column and ends
-- with a brace, perhaps some lines below; the closing brace is a line of its own.
local function each_function(text, visit)
  local number, head, name, inside = 0, nil, nil, false
  for line in text:gmatch "([^\n]*)\n" do
    number = number + 1
    if inside then
      inside = line ~= "}"
      if not inside then visit(name, number - head + 1) end
    else
      if line:find "^[%a_]" then head, name = number, line:match "([%w_]+)%(" end
      if line:find ";$" then name = nil end
      inside = name ~= nil and line:find "{$" ~= nil
    end
  end
end

local function check_functions(files, complain)
  local longest = { lines = 0 }
  for _, path in ipairs(sorted_keys(files)) do
    each_function(files[path], function(name, lines)
      if lines > LONGEST then complain("%s: %s has %d lines", path, name, lines) end
      if lines > longest.lines then longest = { name = name, path = path, lines = lines } end
    end)
  end
  return longest
end

-- All of it --------------------------------------------------------------------------------

local structure = {}

---@class spec.support.Structure
---@field violations string[] a sentence each
---@field lines integer of all files
---@field files integer
---@field longest { name: string, path: string, lines: integer } function

---@param files spec.support.Files
---@return spec.support.Structure
function structure.check(files)
  local violations = {}
  local function complain(text, ...) violations[#violations + 1] = text:format(...) end
  check_includes(files, complain)
  check_circles(files, complain)
  local longest, lines = check_functions(files, complain), 0
  for _, text in pairs(files) do lines = lines + count_lines(text) end
  return { violations = violations, lines = lines, files = #sorted_keys(files),
    longest = longest }
end

local function read_tree()
  local files, names = {}, assert(io.popen "find src -name '*.[ch]'")
  for path in names:lines() do
    local file = assert(io.open(path, "rb"))
    files[path] = file:read "*a"
    file:close()
  end
  names:close()
  return files
end

local function main()
  local found = structure.check(read_tree())
  print(("%d lines in %d files; the longest function is %s (%s), %d lines"):format(
    found.lines, found.files, found.longest.name, found.longest.path, found.longest.lines))
  for _, violation in ipairs(found.violations) do print(violation) end
  os.exit(#found.violations == 0)
end

if ... then return structure end -- required, not run
main()
