-- :checkhealth geelark says what is missing, and what helps.

local health = vim.health or require "health" -- the latter in Neovim 0.7

-- Neovim before 0.9 has other names for it.
local function reporter(name)
  return health[name] or health["report_" .. name]
end

local start, ok, info = reporter "start", reporter "ok", reporter "info"
local warn, fail = reporter "warn", reporter "error"

-- The clone that this file stands in; where it was copied elsewhere, any other.
local function build_advice()
  local root = debug.getinfo(1, "S").source:match "^@(.*)/lua/geelark/health%.lua$"
  local there = root and vim.fn.filereadable(root .. "/Makefile") == 1
  return ("In %s: make nvim, then start Neovim anew")
    :format(there and root or "a clone of geelark that is in 'packpath'")
end

local function check_neovim()
  local version = vim.version()
  local text = ("Neovim %d.%d.%d"):format(version.major, version.minor, version.patch)
  if vim.fn.has "nvim-0.7" == 1 then ok(text) else fail(text .. ": 0.7 or newer is needed") end
end

local function check_commands()
  if vim.fn.exists ":GeelarkDelete" == 2 then return ok ":GeelarkDelete is there" end
  warn(":GeelarkDelete is not there: plugin/geelark.lua was not read",
    { "The clone belongs into 'packpath' as pack/*/start/geelark, or to a plugin manager" })
end

local function check_core()
  local loaded, why = pcall(require, "geelark.core")
  why = tostring(why)
  if loaded then
    ok "the core module is loaded"
  elseif why:find("module 'geelark.core' not found", 1, true) then -- and all places that it isn't at
    fail("the core module can't be loaded: geelark/core.so is in no lua folder of 'runtimepath' "
      .. "nor in package.cpath", { build_advice() })
  else
    fail("the core module can't be loaded: " .. why,
      { "It was built for another Lua, or misses a library", build_advice() })
  end
  return loaded
end

-- Not lua-cjson: Neovim exports symbols of a copy of its own, which another one would call.
local function check_json()
  if vim.json then ok "answers are read by vim.json"
  else fail("vim.json, which reads answers, is missing", "Neovim has it from 0.6 on") end
end

-- The one that is loaded, and not one that would be found; where Linux tells which that is.
local function check_libcurl()
  local known, version = pcall(function()
    local ffi = require "ffi"
    ffi.cdef "const char *curl_version(void);"
    for line in io.lines "/proc/self/maps" do
      local path = line:match "/%S*libcurl[^/%s]*%.so%S*$"
      if path then return ffi.string(ffi.load(path).curl_version()) end
    end
  end)
  if known and version then info(version:match "^%S+ %S+") end -- its own and the TLS library's
end

-- Asks the core, as the command does before it asks: nothing is sent.
local function check_settings()
  local clients = require "geelark.nvim.client"
  local why = clients.flaw { "1" }
  if why then
    return fail(why, "Set it in the environment, or by require('geelark.nvim').setup")
  end
  local credentials, base_url, stops = clients.describe()
  ok("credentials: " .. credentials)
  info("base URL: " .. base_url)
  if stops then info "phones that run are stopped, then deleted: stop_started, by setup" end
end

local function check_records()
  for _, path in ipairs(require("geelark.nvim.record").list()) do
    warn("Neovim was left in the middle of a delete: " .. path,
      "Look at what it lists, then remove it")
  end
end

return {
  check = function()
    start "geelark"
    check_neovim()
    check_commands()
    if check_core() then
      check_json()
      check_libcurl()
      check_settings()
    end
    check_records()
  end,
}
