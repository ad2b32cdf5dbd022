-- Which file may know Lua, and which libcurl: checked over each file's includes, its own
-- headers' included.

local knows_lua = {
  ["core.c"] = true, ["options.c"] = true, ["source.c"] = true, ["handles.c"] = true,
  ["report.c"] = true, ["drive.c"] = true, ["seam.c"] = true,
}
local knows_curl = { ["transfer.c"] = true, ["endpoint.c"] = true }

local function read(path)
  local file = assert(io.open(path))
  local text = file:read "*a"
  file:close()
  return text
end

local function files()
  local list = {}
  for name in assert(io.popen "ls src"):lines() do
    if name:match "%.c$" then list[#list + 1] = name end
  end
  return list
end

-- Every header that a file includes, directly or through ours.
local function includes(name, found)
  for bracket, header in read("src/" .. name):gmatch '#include ([<"])([^>"]+)' do
    if not found[header] then
      found[header] = true
      if bracket == '"' then includes(header, found) end
    end
  end
  return found
end

local wrong = 0
local function complain(name, header)
  wrong = wrong + 1
  print(("src/%s must not know %s"):format(name, header))
end

for _, name in ipairs(files()) do
  local found = includes(name, {})
  if (found["lua.h"] or found["lauxlib.h"]) and not knows_lua[name] then complain(name, "lua.h") end
  if found["curl/curl.h"] and not knows_curl[name] then complain(name, "curl.h") end
end

os.exit(wrong == 0 and 0 or 1)
