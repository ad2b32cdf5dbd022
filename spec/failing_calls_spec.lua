-- A function of libcurl's, libcrypto's or the system's that fails, at each of its calls in turn:
-- the request ends, or Lua's memory error is raised and the job can be stepped again. Nothing
-- hangs, no descriptor is left, and no account is wrong.

local descriptors = require "spec.support.descriptors"
local collect = require "spec.support.collect"
local geelark = require "geelark"
local native = require "spec.support.native"
local service = require "spec.support.service"
local simulator = require "spec.support.simulator"
local socket = require "socket" -- Debian: lua-socket

local environment = native "environment"
local fail

setup(function() fail = native("failing_calls", "libcurl libcrypto") end)
after_each(function() fail() end)

-- Calls f until it doesn't raise; what it raises has to be the memory's.
local function insist(f, ...)
  for _ = 1, 5 do
    local ran, value, err = pcall(f, ...)
    if ran then return assert(value, err) end
    assert.matches("not enough memory$", tostring(value))
  end
  error "it raises again and again"
end

-- Two requests over the network, the first of which is lost with its connection. Returns the
-- kind of the error, or "none".
local function run(sim, ids)
  local now = 0
  local options = { token = "simulator", base_url = sim.url, chunk_size = 1, concurrency = 2,
    timeout = 2, requests_per_minute = false, requests_per_hour = false,
    clock = { now = function() return now end, seed = 1 } }
  local client = insist(geelark.new, options)
  local job = insist(client.start, client, ids)
  job:pollfd()
  for step = 1, 100000 do
    local ran, done = pcall(job.step, job)
    if not ran then assert.matches("not enough memory$", tostring(done)) end
    if ran and done then break end
    -- A request that nobody hears of any more is given up when its time has come, in which the
    -- simulator has had many turns, however busy the machine is.
    now = now + (job:progress().inFlight == 0 and 1 or 1e-3)
    if step % 100 == 0 then sim.process:state(ids[1]) end
    assert.is_true(step < 100000, "it hangs")
  end
  local result, err = job:result()
  result = result or err.result
  assert.equal(#ids, result.failAmount + #result.presumedIds + #result.unknownIds
    + #result.pendingIds)
  client:close()
  return err and err.kind or "none"
end

describe("a failing", function()
  local sim, ids
  setup(function()
    ids = require("geelark.simulator").ids(2)
    sim = simulator.start { phones = 0, requests_per_minute = 1000000,
      plan = [[return function(request)
        return request.number % 3 == 1 and { close = "before" }
      end]] }
  end)
  teardown(function() sim:stop() end)

  for _, name in ipairs { "curl_multi_init", "curl_multi_setopt", "curl_easy_init",
    "curl_easy_setopt", "curl_url", "curl_url_set", "curl_url_get", "curl_multi_assign",
    "curl_multi_add_handle", "curl_multi_remove_handle", "curl_multi_socket_action",
    "curl_easy_getinfo:PRIVATE", "curl_easy_getinfo:RESPONSE_CODE", "epoll_ctl",
    "epoll_create1:EMFILE", "epoll_create1:ENOSYS", "pipe", "socket" } do
    it(name .. " makes no job hang, and no account wrong", function()
      collect()
      local before, n = descriptors(), 0
      repeat
        n = n + 1
        fail(name, n)
        local kind = run(sim, ids)
        assert.is_true(kind == "none" or kind == "network", kind)
      until not fail()
      assert.is_true(n > 1, "it is never called")
      collect()
      assert.is_true(descriptors() <= before)
    end)
  end
end)

-- What the options are found to be must not depend on how much memory there is.
describe("options that are checked without memory raise its error:", function()
  local cases = {
    { "an address", { base_url = "https://example.com/path" } },
    { "a proxy", { proxy = "http://name:pass%20word@127.0.0.1:3128" } },
    { "another kind of proxy",
      { base_url = "https://example.com", proxy = "socks5h://localhost/socket" } },
    { "a proxy of the environment's", { base_url = "https://example.com" },
      { https_proxy = "http://name:word@127.0.0.1:3128", no_proxy = "example.org" } },
  }
  for _, case in ipairs(cases) do
    for _, name in ipairs { "curl_url", "curl_url_set", "curl_url_get" } do
      it(case[1] .. ", " .. name, function()
        local n = 0
        for variable, value in pairs(case[3] or {}) do environment(variable, value) end
        finally(function()
          for variable in pairs(case[3] or {}) do environment(variable) end
        end)
        repeat
          n = n + 1
          fail(name, n)
          local ran, client, err = pcall(geelark.new, { token = "t", base_url = case[2].base_url,
            proxy = case[2].proxy })
          local was_reached = fail()
          -- Whether the proxy is needed can be left open.
          assert.is_true(not ran or client ~= nil, err and err.message)
          if not ran then assert.matches("not enough memory$", client) end
          if not was_reached then assert.is_true(ran) end
        until not was_reached
        assert.is_true(n > 1, "it is never called")
      end)
    end
  end
end)

describe("a connection that isn't made in time", function()
  local listener, fillers

  -- A port whose queue is full: connecting to it takes for ever.
  before_each(function()
    listener = assert(socket.tcp4())
    assert(listener:bind("127.0.0.1", 0))
    assert(listener:listen(0))
    listener:settimeout(0)
    fillers = {}
    for i = 1, 3 do
      fillers[i] = socket.tcp4()
      fillers[i]:settimeout(0)
      fillers[i]:connect(listener:getsockname())
    end
  end)
  after_each(function()
    for _, filler in ipairs(fillers) do filler:close() end
    listener:close()
  end)

  -- Accepts whoever is there, and answers who sends a request.
  local function serve(connections)
    local accepted = listener:accept()
    if accepted then
      accepted:settimeout(0)
      connections[#connections + 1] = { socket = accepted, text = "" }
    end
    for _, connection in ipairs(connections) do
      local line, _, part = connection.socket:receive "*a"
      connection.text = connection.text .. (line or part)
      if connection.text:find "%]}$" then
        local body = service.envelope(0, 1, {})
        connection.socket:send(("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s")
          :format(#body, body))
        connection.text = ""
      end
    end
  end

  local function start()
    local _, port = listener:getsockname()
    return geelark.start({ "a1" }, { token = "t", base_url = "http://127.0.0.1:" .. port,
      connect_timeout = 0.3, attempts = 1 })
  end

  it("ends the try, and the id was not asked for", function()
    local job = start()
    repeat until job:step(1)
    local _, err = job:result()
    assert.equal("timeout", err.kind)
    assert.same({ "a1" }, err.result.pendingIds)
  end)

  -- Steps a job that was held up while its request wanted to connect.
  local function run_held_up(meanwhile)
    local job, connections = start(), {}
    job:step()
    fail("clock", 10)
    meanwhile()
    repeat serve(connections) until job:step(0.05)
    for _, connection in ipairs(connections) do connection.socket:close() end
    return job:result()
  end

  it("because nobody stepped the job is tried anew, which counts as no attempt", function()
    local result = assert(run_held_up(function() end))
    assert.same({ 1, 1 }, { result.successAmount, result.requests[1].attempts })
  end)

  it("and can't be tried anew, for want of memory, ends the try", function()
    local _, err = run_held_up(function() fail("curl_multi_add_handle", 1) end)
    assert.is_true(fail())
    assert.equal("network", err.kind)
    assert.truthy(err.message:find("out of memory", 1, true), err.message)
    assert.same({ "a1" }, err.result.pendingIds)
  end)
end)

describe("where the system has no set of descriptors", function()
  it("a call goes on all the same, libcurl waiting by itself", function()
    local sim = simulator.start { phones = 3, plan = { { close = "before" } } }
    finally(function() sim:stop() end)
    fail("epoll_create1:ENOSYS", 1)
    local result = assert(geelark.delete(sim.process:ids(), { token = sim.process.token,
      base_url = sim.url, chunk_size = 1 }))
    assert.is_true(fail())
    assert.equal(3, result.successAmount)
  end)
end)

describe("without", function()
  local cases = {
    { "random bytes", "getentropy" }, { "a digest begun", "EVP_DigestInit_ex" },
    { "a digest filled", "EVP_DigestUpdate" }, { "a digest ended", "EVP_DigestFinal_ex" },
  }
  for _, case in ipairs(cases) do
    it(case[1] .. " nothing is sent, and the job ends or memory is short", function()
      local n = 0
      repeat
        n = n + 1
        local options, log = service.options(service.success,
          { app_id = "app", api_key = "a key of the spec", chunk_size = 1 })
        options.token = nil
        fail(case[2], n)
        local ran, result, err = pcall(geelark.delete, { "a2", "a1", "a3" }, options)
        local was_reached = fail()
        if not ran then
          assert.matches("not enough memory$", tostring(result))
        elseif was_reached then
          assert.equal("config", err.kind)
          assert.equal(#log, err.result.successAmount)
          assert.equal(3 - #log, #err.result.pendingIds)
        end
        for _, request in ipairs(log) do assert.equal(64, #request.headers.sign) end
      until not was_reached
      assert.is_true(n > 1, "it is never called")
    end)
  end
end)
