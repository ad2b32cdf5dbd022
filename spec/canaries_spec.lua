-- Unmistakable secrets, and every place that could tell one after deletes of all kinds: output,
-- messages, tracebacks, journals, logs, temporary files, children, other servers.

local certificates = require "spec.support.certificates"
local contexts = require "openssl.ssl.context"
local jobs = require "spec.support.nginx_jobs"
local nginx = require "spec.support.nginx"
local nvim = require "spec.support.nvim"
local pkey = require "openssl.pkey"
local played = require "spec.support.played"
local service = require "spec.support.service"
local shell = require "spec.support.shell"
local simulator = require "spec.support.simulator"
local temporary = require "spec.support.temporary"
local x509 = require "openssl.x509"

local TOKEN, APP, KEY = "canary-token-8d1f03a6c2", "canary-app-51c09be7d4", "canary-key-f7720a9c1e"
local USER, PASSWORD = "canary-user-27", "canary-password-6b"
local SECRETS = "canary.(token|app|key|user|password)|[0-9A-F]{64}" -- the last is a signature

-- The files of a folder that hold a secret.
local function told_in(folder)
  return shell.output(("cd %s && grep -rlaE %s . | sort"):format(folder.path, shell.quote(SECRETS)))
end

-- Search paths that hold good in another folder, too.
local function absolute(paths)
  local here = shell.output "pwd" .. "/"
  return (paths:gsub("[^;]+", function(path) return path:find "^/" and path or here .. path end))
end

-- Deletes in every way by credentials that it reads from a file, and tells all that it is told. In
-- each event it looks at what a child gets, and at what the journal holds so far.
local SCRIPT = [[
local geelark, simulator = require "geelark", require "geelark.simulator"
local hurried_clock = require "spec.support.hurried_clock"
local played = require "spec.support.played"
local here = %q
local secret = dofile(here .. "/secrets.lua")
local foreign = played()

local function tell(value, seen)
  seen = seen or {}
  print(value)
  if type(value) ~= "table" or seen[value] then return end
  seen[value] = true
  for name, item in pairs(value) do
    tell(name, seen)
    tell(item, seen)
  end
end

local function look(event)
  tell(event)
  if event.type ~= "send" then return end
  local child = assert(io.popen("cat /proc/self/environ /proc/$$/cmdline; cd " .. here
    .. " && for f in run.db*; do [ ! -f $f ] || cp $f seen-$$-$f; done"))
  print((child:read "*a"))
  child:close()
end

local function delete(options)
  options.on_event, options.on_progress = options.on_event or look, tell
  options.attempts, options.clock = 2, hurried_clock()
  local called, result, err = xpcall(function()
    return geelark.delete({ "1", "2", "3" }, options)
  end, debug.traceback)
  tell(called and (result or err) or result)
  if called then tell(geelark.failures(result or err)) end
end

local function plans_with(echo) return {
  {}, { { status = 502, body = echo, times = 2 } }, { { status = 401, body = echo } },
  { { refuse = 40003, msg = echo } }, { { refuse = 40014, msg = echo } },
  { { refuse = 12345, msg = echo } }, { { code = 40009, msg = echo } },
  { { status = 302, headers = { Location = foreign.url .. "/" } } },
  { { close = "before", times = 2 } }, { { close = "after" } }, { { body = echo, times = 2 } },
  { { status = 429, headers = { ["Retry-After"] = echo }, times = 2 } }, { { cut = 5, times = 2 } },
} end
for _, by in ipairs { { token = secret.token },
  { app_id = secret.app_id, api_key = secret.api_key } } do
  local process = simulator.spawn { phones = { ["1"] = "stopped", ["2"] = "started" }, tls = true,
    token = by.token, app_id = by.app_id, api_key = by.api_key, log = true }
  for _, plan in ipairs(plans_with(by.token or by.api_key)) do
    process:plan(plan)
    delete(process:options())
    delete(process:options { journal = here .. "/run.db" })
  end
  local function with(more)
    for name, value in pairs(by) do more[name] = value end
    return more
  end
  local login = secret.user .. ":" .. secret.password .. "@"
  delete(with { base_url = process.url })
  delete(with { base_url = "https://127.0.0.1:9" })
  delete(with { base_url = "https://" .. login .. "127.0.0.1:9" })
  delete(with { base_url = "https://127.0.0.2:9", proxy = "http://" .. login .. "127.0.0.1:9" })
  delete(with { base_url = "https://127.0.0.2:9", proxy = "socks5h://" .. login .. "127.0.0.1:9" })
  delete(with { proxy = "gopher://" .. login .. "127.0.0.1:9" })
  delete(with { proxy = "http://" .. login .. "@127.0.0.1:9" })
  delete(with { transport = function(request) error(request) end })
  delete(with { transport = function(request)
    error(request.headers.Authorization or request.headers.sign)
  end })
  delete(with { transport = function(request)
    return nil, request.headers.Authorization or request.headers.sign
  end })
  delete(process:options { on_event = function() error "on purpose" end })
  delete(process:options { concurrency = "no number" })
  delete { token = "Bearer " .. secret.token }
  delete { token = secret.token .. "\n" }
  delete { token = { secret.token } }
  delete { app_id = " " .. secret.app_id, api_key = secret.api_key .. "\r" }
  delete { app_id = secret.app_id }
  tell(geelark.journal.read(here .. "/run.db"))
  os.rename(here .. "/run.db", here .. "/journal-" .. (by.token and 1 or 2))
  local client = assert(geelark.new(process:options()))
  tell(client)
  process:plan { { stall = 30 } }
  local job = client:start({ "1" }, { on_event = look })
  job:step(0.1)
  tell(job)
  tell(job:progress())
  client:close()
  while not job:step() do tell(job:progress()) end
  tell(select(2, job:result()))
  tell(client)
  for _, request in ipairs(process:requests()) do
    request.fault = nil -- it quotes the plan
    tell(request)
  end
  process:stop()
end
print("another server was asked: " .. tostring(foreign:is_waited_for()))
]]

describe("no secret is", function()
  local folder
  before_each(function() folder = temporary.new() end)
  after_each(function() folder:remove() end)

  it("in output, messages, journals, logs, temporary files or children", function()
    folder:write("secrets.lua", ("return { token = %q, app_id = %q, api_key = %q, user = %q, "
      .. "password = %q }"):format(TOKEN, APP, KEY, USER, PASSWORD))
    folder:write("script.lua", SCRIPT:format(folder.path))
    shell.run("cd %s && TMPDIR=$PWD LUA_PATH=%s LUA_CPATH=%s %s script.lua >output 2>errors",
      folder.path, absolute(package.path), absolute(package.cpath), shell.lua())
    assert.equal("./secrets.lua", told_in(folder))
    local output, errors = shell.read(folder:file "output"), shell.read(folder:file "errors")
    assert.matches("another server was asked: false\n$", output)
    for _, kind in ipairs { "auth", "locked", "refused", "protocol", "server", "network", "tls",
      "callback", "config", "cancelled", "stack traceback" } do
      assert.truthy(output:find("\n" .. kind, 1, true), "nothing of kind " .. kind)
    end
    assert.matches("HTTP 502", errors)
    assert.equal("2", shell.output(("ls %s | grep -c ^journal"):format(folder.path)))
    assert.matches("wal", shell.output("ls " .. folder.path))
  end)

  it("seen by a proxy, nor a proxy's login by the service", function()
    local proxy, certs = played(), certificates.new()
    finally(function() proxy:close() certs:remove() end)
    local context = contexts.new("TLS", true)
    context:setCertificate(x509.new(certs.good.certificate))
    context:setPrivateKey(pkey.new(certs.good.key))
    folder:write("script.lua", 'print(assert(require("geelark").delete { "a1" }).successAmount)')
    local process = assert(io.popen(("GEELARK_TOKEN=%s GEELARK_BASE_URL=https://127.0.0.1:9 "
      .. "GEELARK_CA_FILE=%s no_proxy= https_proxy=http://%s:%s@%s LUA_PATH=%s LUA_CPATH=%s %s %s")
      :format(TOKEN, certs.ca_file, USER, PASSWORD, proxy.url:match "//(.*)",
        shell.quote(package.path), shell.quote(package.cpath), shell.lua(),
        folder:file "script.lua")))
    local connection = proxy:accept()
    local connect = table.concat(connection:read().headers, "\n")
    connection:answer(200, "")
    assert(connection.socket:starttls(context, 10))
    local request = table.concat(connection:read().headers, "\n")
    connection:answer(200, service.envelope(0, 1, {}))
    assert.equal("1\n", process:read "*a")
    process:close()
    assert.truthy(connect:find("Proxy-Authorization: Basic ", 1, true), connect)
    assert.is_nil(connect:find("canary", 1, true))
    assert.truthy(request:find("Authorization: Bearer " .. TOKEN, 1, true), request)
    assert.is_nil(request:find("Proxy", 1, true))
  end)

  it("in what Neovim says, shows and writes", function()
    local sim = simulator.start { phones = 250, states = { started = 5 }, token = TOKEN,
      plan = { { refuse = 40003, msg = "no " .. TOKEN }, { status = 502, body = TOKEN } } }
    local run, directory = nvim.run([[
      edit(ids)
      command "%GeelarkDelete!"
      command "%GeelarkDelete!"
      print(table.concat(said, "\n"))
      quickfix()
      vim.cmd "checkhealth geelark"
      print(table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), "\n"))
      vim.cmd "messages"
      vim.cmd "wshada! shada"]], { sim = sim, environment = "GEELARK_TOKEN=" .. TOKEN })
    local told = told_in(directory)
    directory:remove()
    sim:stop()
    assert.equal("", told)
    assert.equal(0, run.status)
    assert.truthy(run.output:find("geelark: ended (auth): ", 1, true), run.output)
    assert.truthy(run.output:find("43009 started", 1, true), run.output)
  end)

  it("in nginx's logs", function()
    local sim = simulator.start { phones = 100, token = TOKEN, plan = {
      { refuse = 40003, msg = TOKEN }, { status = 401, body = TOKEN }, { stall = 30 } } }
    local server = nginx.start {
      main = "error_log debug.log debug;",
      environment = ("GEELARK_TOKEN=%s GEELARK_BASE_URL=%s"):format(TOKEN, sim.url),
      locations = "location = / { return 204; }\n"
        .. jobs.location("/delete", "say(delete(some(1, 100)))")
        .. jobs.location("/raise", "error(tostring(select(2, delete(some(1, 100)))))")
        .. jobs.location("/abort", "ngx.on_abort(function() ngx.exit(499) end) "
          .. "delete(some(1, 100))", nil, "lua_check_client_abort on;"),
    }
    assert.equal("0 deleted, 0 failed, 0 unknown, 100 pending, auth", server:get "/delete")
    server:get "/raise"
    assert.matches("timed out", server:get("/abort", "--max-time 0.3 2>&1"))
    server:quit()
    local told, log = told_in(server.directory), server:read "debug.log"
    server:stop()
    sim:stop()
    assert.equal("", told)
    assert.truthy(log:find("auth: access refused", 1, true))
  end)

  it("found where there is one, or nothing of this says anything", function()
    folder:write("leak", "\0" .. TOKEN .. "\0")
    assert.equal("./leak", told_in(folder))
  end)
end)
