-- nginx as the service's stand-in, in a directory of its own, on two free loopback ports:
-- one plain, one with TLS and HTTP/2. It ends with the harness, however that one ends.

local http = require "socket.http"
local free_ports = require "spec.support.free_ports"
local shell = require "spec.support.shell"

local configuration = [[
master_process off;
pid $directory/nginx.pid;
error_log $directory/error.log warn;
load_module /usr/lib/nginx/modules/ndk_http_module.so;
load_module /usr/lib/nginx/modules/ngx_http_lua_module.so;
events { worker_connections 1024; }
http {
  access_log off;
  client_body_temp_path $directory/body;
  proxy_temp_path $directory/proxy;
  fastcgi_temp_path $directory/fastcgi;
  uwsgi_temp_path $directory/uwsgi;
  scgi_temp_path $directory/scgi;
  client_body_buffer_size 64k;
  keepalive_requests 10000000;
  keepalive_timeout 1h;
  server {
    listen 127.0.0.1:$plain;
    listen 127.0.0.1:$tls ssl http2;
    ssl_certificate $directory/cert.pem;
    ssl_certificate_key $directory/key.pem;
    location = /connections { stub_status; }
    location ~ ^(?:/ms(?<latency>\d+))?/(?<refused>none|some|all)/open/ {
      content_by_lua_file $here/answers.lua;
    }
  }
}
]]

-- Debian's place of certificate authorities: single files under hashed names, and a
-- bundle.
local system_certificates = "/etc/ssl/certs"

local server = {}
server.__index = server

local function write(path, text)
  local file = assert(io.open(path, "w"))
  assert(file:write(text))
  file:close()
end

-- A copy of the system's authorities with ours among them, in the bundle and by its hash:
-- mounted over the system's (see `trusting`), it leaves libcurl's defaults what they are.
local function make_certificates(directory)
  shell.run([[cd %s && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 \
    -nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=127.0.0.1 \
    -addext subjectAltName=IP:127.0.0.1 2>openssl.log || \
    { cat openssl.log >&2; false; }]], directory)
  shell.run([[cp -a %s/. %s && cd %s && cat ../cert.pem >>ca-certificates.crt && \
    cp ../cert.pem "$(openssl x509 -hash -noout -in ../cert.pem).0"]],
    system_certificates, directory .. "/certs", directory .. "/certs")
end

-- Holds the server on a pipe: when the harness closes it or dies, the pipe ends and so
-- does the server. An interrupt from the terminal reaches the harness alone.
local function guard(directory, pid)
  return assert(io.popen(("trap '' INT; read -r _; kill %d; rm -rf %s")
    :format(pid, shell.quote(directory)), "w"))
end

--- Starts the server on a core; it listens when this returns.
---@param core integer
---@return table
function server.start(core)
  local directory = shell.run "mktemp -d"
  local plain, tls = free_ports(2)
  local here = shell.run "pwd" .. "/spec/bench"
  local values = { directory = directory, plain = plain, tls = tls, here = here }
  write(directory .. "/nginx.conf", (configuration:gsub("%$(%l+)", values)))
  make_certificates(directory)
  shell.run("taskset -c %s nginx -p %s -e error.log -c nginx.conf", core, directory)

  local self = setmetatable({ plain = "http://127.0.0.1:" .. plain,
    tls = "https://127.0.0.1:" .. tls, directory = directory }, server)
  self:accepted() -- once it answers, its pid is written
  self.guard = guard(directory, tonumber(shell.run("cat %s", directory .. "/nginx.pid")))
  return self
end

--- How many connections it has accepted up to and with the one that asks.
---@return integer
function server:accepted()
  local page = assert(http.request(self.plain .. "/connections"))
  return tonumber(page:match "requests%s+(%d+)")
end

--- The words to put before a command that shall trust the server by the system's own
--- certificate authorities: it sees them, ours included, in a mount namespace of its own.
---@return string
function server:trusting()
  return ("unshare -rm sh -c 'mount --bind \"$0\" %s && exec \"$@\"' %s")
    :format(system_certificates, shell.quote(self.directory .. "/certs"))
end

function server:stop()
  -- A line, and not the pipe's end alone: some other child may have inherited the pipe.
  self.guard:write "\n"
  self.guard:close()
end

return server
