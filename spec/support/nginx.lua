-- nginx with its Lua module, in a directory of its own on a free loopback port. It finds the
-- tree's modules as LuaJIT builds them, and ends with the spec's process, however that ends.

local on_free_port = require "spec.support.on_free_port"
local shell = require "spec.support.shell"
local temporary = require "spec.support.temporary"

local MAIN = [[
$user
worker_processes $workers;
pid $directory/nginx.pid;
error_log $directory/error.log warn;
load_module /usr/lib/nginx/modules/ndk_http_module.so;
load_module /usr/lib/nginx/modules/ngx_http_lua_module.so;
env GEELARK_TOKEN;
env GEELARK_BASE_URL;
events { worker_connections 1024; }
]]

local HTTP = [[
http {
  access_log off;
  log_not_found off;
  client_body_temp_path $directory/body;
  proxy_temp_path $directory/proxy;
  fastcgi_temp_path $directory/fastcgi;
  uwsgi_temp_path $directory/uwsgi;
  scgi_temp_path $directory/scgi;
  lua_package_path "$here/lua/?.lua;$here/lua/?/init.lua;;";
  lua_package_cpath "$here/build/luajit/?.so;;";
]]

local SERVER = [[
  $http
  server {
    listen 127.0.0.1:$port;
    $locations
  }
}
]]

---@class spec.support.Nginx
---@field url string
local Nginx = {}
Nginx.__index = Nginx

-- A user's PATH may lack the place where Debian puts it. What it writes to its standard output
-- is shown where it doesn't start.
local COMMAND = "cd %s; env -u GEELARK_TOKEN -u GEELARK_BASE_URL PATH=$PATH:/usr/sbin %s "
  .. "nginx -p %s -e error.log -c nginx.conf </dev/null >output 2>&1 || { cat output; false; }"

-- Made before nginx starts; what ends it then finds its pid.
local GUARD = [[trap '' INT HUP TERM; read -r _; [ -f nginx.pid ] || exit
pid=$(cat nginx.pid)
kill $pid && tail --pid=$pid -s 0.02 -f /dev/null]]

local nginx = {}

---@class spec.support.NginxOptions
---@field main string|nil configuration
---@field http string|nil configuration
---@field locations string|nil configuration
---@field page string|nil a whole configuration instead, as in the README, at port 8080
---@field workers integer|nil default 1
---@field environment string|nil for the shell

local function configuration(options, values)
  local function filled(text) return (text:gsub("%$(%l+)", values)) end
  if not options.page then return filled(MAIN .. "$main\n" .. HTTP .. SERVER) end
  local page, found = options.page:gsub("http {\n", function() return filled(HTTP) end)
  assert(found == 1, "no http block")
  return filled(MAIN) .. page:gsub("8080", values.port)
end

---@param options spec.support.NginxOptions
---@return spec.support.Nginx listening
function nginx.start(options)
  shell.run "make -s all LUA=luajit"
  local directory = temporary.new()
  local values = {
    user = shell.output "id -u" == "0" and "user root;" or "",
    workers = options.workers or 1, directory = directory.path,
    here = shell.output "pwd", main = options.main or "", http = options.http or "",
    locations = options.locations,
  }
  local guard = assert(io.popen(("cd %s; %s"):format(directory.path, GUARD), "w"))
  local port = on_free_port(function(free)
    values.port = free
    directory:write("nginx.conf", configuration(options, values))
    shell.run(COMMAND:format(directory.path, options.environment or "", directory.path))
    return free
  end)
  local self = setmetatable({ url = "http://127.0.0.1:" .. port, directory = directory,
    guard = guard }, Nginx)
  self:get "/" -- it has written its pid when it answers
  return self
end

---@param path string
---@param more string|nil arguments of curl's
---@return string command that asks for a page
function Nginx:command(path, more)
  return ("curl -s -S --max-time 60 %s %s"):format(more or "", shell.quote(self.url .. path))
end

---@param path string
---@param more string|nil arguments of curl's
---@return string page
function Nginx:get(path, more)
  return shell.output(self:command(path, more))
end

---Asks for pages at once; returns what came, in their order.
---@param paths string[]
---@return string[]
function Nginx:get_all(paths)
  local pages = {}
  for i, path in ipairs(paths) do pages[i] = assert(io.popen(self:command(path))) end
  for i, process in ipairs(pages) do
    pages[i] = process:read "*a"
    process:close()
  end
  return pages
end

local function signal(self, name)
  shell.run(("kill -%s $(cat %s)"):format(name, self.directory:file "nginx.pid"))
end

---New workers take over; the old ones end what they are at.
function Nginx:reload()
  signal(self, "HUP")
end

---Ends it when nothing is under way any more.
function Nginx:quit()
  signal(self, "QUIT")
end

---Returns when a process has ended, a worker for example.
---@param pid string|integer
function Nginx:await_end(pid) -- luacheck: no self
  shell.run(("timeout 60 tail --pid=%d -s 0.02 -f /dev/null"):format(pid))
end

---@param name string of a file in its directory
---@return string content
function Nginx:read(name)
  return shell.output("cat " .. self.directory:file(name))
end

---@return string what stands in its log, but for ports that somebody else had when it started
function Nginx:log()
  local log = self:read "error.log" .. "\n"
  log = log:gsub("[^\n]*bind%(%) to [^\n]*Address already in use[^\n]*\n", "")
    :gsub("[^\n]*still could not bind%(%)[^\n]*\n", "")
  return (log:gsub("\n$", ""))
end

---Ends it; it is gone on return. May be called again.
function Nginx:stop()
  if not self.guard then return end
  self.guard:write "\n"
  self.guard:close()
  self.directory:remove()
  self.guard = nil
end

return nginx
