-- The drivers of geelark.loop, each with a way to run a case (spec/support/loop/cases.lua)
-- in its host: this process, or one of the host's own.

local cases = require "spec.support.loop.cases"
local cjson = require("cjson").new()
local hosts = require "spec.support.loop.hosts"
local nginx = require "spec.support.nginx"
local nvim = require "spec.support.nvim"
local shell = require "spec.support.shell"

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

local function decoded(text)
  local readable, answer = pcall(cjson.decode, text)
  if not readable then error("the host said: " .. text, 0) end
  if answer.trouble then error(answer.trouble, 0) end
  return answer.seen
end

-- A function that runs a case in the host and gives what it saw as JSON. The host's program
-- forbids globals, which ours must bear.
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
package.path = package.path .. ";$here/?.lua"
require "spec.support.strict"
]] .. ACT .. [[
print(act("nvim", vim.json.encode, $case, "$url"))
]]

local function in_neovim()
  return { gives_job = true, run = function(case, url)
    local values = { here = shell.output "pwd", case = case, url = url }
    local run, directory = nvim.run((NVIM:gsub("%$(%l+)", values)))
    directory:remove()
    return decoded(run.output .. run.errors)
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
      server = server or nginx.start {
        http = ("init_by_lua_block { package.path = '%s/?.lua;' .. package.path\n"
          .. "require 'spec.support.strict' }"):format(shell.output "pwd"),
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
