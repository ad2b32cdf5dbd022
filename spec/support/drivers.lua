-- The drivers of geelark.loop, each with a way to run a case (spec/support/loop/cases.lua)
-- in its host: this process, or one of the host's own.

local cases = require "spec.support.loop.cases"
local cjson = require("cjson").new()
local hosts = require "spec.support.loop.hosts"
local shell = require "spec.support.shell"
local temporary = require "spec.support.temporary"

---@class spec.support.Driver
---@field gives_job boolean whether one can have the job that is driven
---@field run fun(case: integer, url: string): table what the case saw
---@field stop fun()|nil ends the host
---@field turns nil|fun(ids: string[], options: table): integer, table|nil, table|nil # how often
---  the loop turns while nothing but this delete is in it, and what that gives

local turns = {}

function turns.luv(ids, options)
  local uv = require "luv"
  local count, result, err = 0, nil, nil
  local prepare = uv.new_prepare()
  prepare:start(function() count = count + 1 end)
  prepare:unref()
  require("geelark.loop.luv").delete(ids, options, function(...) result, err = ... end)
  uv.run()
  prepare:close()
  uv.run()
  return count, result, err
end

function turns.cqueues(ids, options)
  local loop, count, result, err = require("cqueues").new(), 0, nil, nil
  loop:wrap(function() result, err = require("geelark.loop.cqueues").delete(ids, options) end)
  while not loop:empty() do
    assert(loop:step())
    count = count + 1
  end
  return count, result, err
end

local function in_this_process(name)
  local host
  return { gives_job = true, turns = turns[name], run = function(case, url)
    host = host or hosts[name]()
    return cases[case].act(host, url)
  end }
end

local function build_for_luajit()
  assert(shell.output "make -s all LUA=luajit && echo built" == "built")
end

local function decoded(text)
  local fine, answer = pcall(cjson.decode, text)
  if not fine then error("the host said: " .. text, 0) end
  if answer.trouble then error(answer.trouble, 0) end
  return answer.seen
end

-- A function that runs a case in the host and gives what it saw as JSON.
local ACT = [[
local function act(host, encode, number, url)
  local case = require("spec.support.loop.cases")[tonumber(number)]
  local ran, seen = pcall(function()
    return case.act(require("spec.support.loop.hosts")[host](), url)
  end)
  return encode(ran and { seen = seen } or { trouble = tostring(seen) })
end
]]

local NVIM = [[
package.path = "$here/lua/?.lua;$here/lua/?/init.lua;$here/?.lua;" .. package.path
package.cpath = "$here/build/luajit/?.so;" .. package.cpath
$act
local file = assert(io.open("seen.json", "w"))
file:write(act("nvim", vim.json.encode, $case, "$url"))
file:close()
vim.cmd "qall!"
]]

local NVIM_COMMAND = "cd %s && env -u LUA_PATH -u LUA_CPATH HOME=. "
  .. "nvim --headless --clean -n -i NONE -c 'luafile case.lua' -c cquit </dev/null 2>&1"

local function in_neovim()
  local built = false
  return { gives_job = true, run = function(case, url)
    if not built then build_for_luajit() end
    built = true
    local directory = temporary.new()
    local values = { here = shell.output "pwd", act = ACT, case = case, url = url }
    directory:write("case.lua", (NVIM:gsub("%$(%l+)", values)))
    local said = shell.output(NVIM_COMMAND:format(shell.quote(directory.path)))
    local file = io.open(directory:file "seen.json")
    local text = file and file:read "*a" or said
    if file then file:close() end
    directory:remove()
    return decoded(text)
  end }
end

local NGINX = ACT .. [[
ngx.print(act("ngx", require("cjson").encode, ngx.var.arg_case, ngx.unescape_uri(ngx.var.arg_url)))
]]

local function in_nginx()
  local server
  return {
    gives_job = false,
    run = function(case, url)
      server = server or require("spec.support.nginx").start {
        http = ("init_by_lua_block { package.path = '%s/?.lua;' .. package.path }")
          :format(shell.output "pwd"),
        locations = "location = / { return 204; }\n"
          .. "location = /case { content_by_lua_block {\n" .. NGINX .. "} }\n",
      }
      return decoded(server:get(("/case?case=%d&url=%s"):format(case, url)))
    end,
    stop = function()
      if not server then return end
      local log = server:log()
      server:stop()
      server = nil
      assert(log == "", log)
    end,
  }
end

local ways = { cqueues = in_this_process, luv = in_this_process, ngx = in_nginx,
  nvim = in_neovim }

-- The modules in lua/geelark/loop.
local names = { "cqueues", "luv", "ngx", "nvim" }

---@type table<string, spec.support.Driver> by name
local drivers = {}
for _, name in ipairs(names) do drivers[name] = ways[name](name) end
return drivers
