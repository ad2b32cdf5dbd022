-- The manual's nginx.conf, pasted as it stands: what it deletes, and what it answers to a caller who
-- is wrong and in a configuration that is.

local nginx = require "spec.support.nginx"
local readme = require "spec.support.readme"
local simulator = require "spec.support.simulator"

local PAGE = "doc/manual.md"

local function lines(list)
  return table.concat(list, "\n") .. "\n"
end

for _, block in ipairs(readme.blocks("nginx", PAGE)) do
  describe("the manual's nginx.conf of line " .. block.line, function()
    local sim, server, all

    -- With its text changed, and another environment, where they are given.
    local function start(change, environment)
      local options = readme.options(block)
      sim = simulator.start(options)
      all = require("geelark.simulator").ids(options.phones)
      server = nginx.start { page = change and change(block.source) or block.source,
        environment = environment or "GEELARK_TOKEN=simulator GEELARK_BASE_URL=" .. sim.url }
    end

    after_each(function()
      server:stop()
      sim:stop()
    end)

    -- Posts a body; returns the status and the page.
    local function post(body)
      local file = server.directory:write("body.txt", body)
      local page = server:get("/phones/delete", "-w '%{http_code}' --data-binary @" .. file)
      return tonumber(page:sub(-3)), page:sub(1, -4)
    end

    local function some(from, to)
      local list = {}
      for i = from, to do list[#list + 1] = all[i] end
      return lines(list)
    end

    it("deletes, and counts what failed", function()
      start()
      local status, page = post(some(1, #all))
      assert.equal(200, status)
      assert.equal(block.prints, (page:gsub("\n$", "")))
      assert.equal("", server:log())
    end)

    it("takes a body of 1,500 ids whole", function()
      start()
      assert.equal(200, (post(some(1, 1500))))
      assert.equal(15, #sim:state().requests)
      assert.equal("", server:log())
    end)

    for what, row in pairs {
      ["of 200 characters"] = { ("5"):rep(200), "ids[2]: longer than 64 characters, " },
      ["that is a header line"] = { "id", "ids[2]: no digit, " },
      ["that is a tag"] = { "<script>", "ids[2]: no digit, " },
    } do
      it("answers 400 for an id " .. what .. ", and sends nothing", function()
        start()
        local status, page = post(lines { all[1], row[1], all[2] })
        assert.equal(400, status)
        assert.equal(row[2], page:sub(1, #row[2]))
        assert.equal("text/plain", (server:get("/phones/delete",
          "-o /dev/null -w '%{content_type}' --data-binary '" .. row[1] .. "'")))
        assert.equal(0, #sim:state().requests)
        assert.equal("", server:log())
      end)
    end

    it("answers 500 where a body went to a file, says so in the log, and sends nothing", function()
      start(function(source)
        local changed, times = source:gsub("client_body_buffer_size 1m;[^\n]*", "")
        assert.equal(1, times)
        return changed
      end)
      assert.equal(500, (post(some(1, 1500))))
      assert.matches("client_body_buffer_size is too small: the body went to a file", server:log(),
        1, true)
      assert.equal(0, #sim:state().requests)
    end)

    it("answers 500 for what is wrong in its own options, and says so in the log", function()
      start(function(source) return (source:gsub("dict = %S+", 'dict = "gelark"')) end)
      assert.equal(500, (post(some(1, 1))))
      assert.matches("shared_dict: a lua_shared_dict or its name expected", server:log(),
        1, true)
      assert.equal(0, #sim:state().requests)
    end)

    it("answers 500 where it has no token, and says so in the log", function()
      start(nil, "")
      local status, page = post(some(1, 1))
      assert.same({ 500, "0 deleted, 0 failed, 1 to ask for again\n" }, { status, page })
      assert.matches("config: no credentials", server:log(), 1, true)
    end)

    it("answers 502 where the service refuses, with the account", function()
      start()
      sim:plan(("return function(request) return request.ids[1] == %q and { refuse = 40003 } end")
        :format(all[201])) -- the last of three chunks, whichever arrives when
      local status, page = post(some(1, 300))
      assert.equal(502, status)
      assert.equal("199 deleted, 1 failed, 100 to ask for again\n", page)
      assert.matches("code 40003", server:log(), 1, true)
    end)
  end)
end
