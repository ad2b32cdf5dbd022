-- :checkhealth geelark, in the real editor.

local nvim = require "spec.support.nvim"
local shell = require "spec.support.shell"

-- Prints what the check says: a level, a text and the first advice each. Editors word the levels
-- differently, so that those are taken as they are told; the page must show the texts.
local REPORT = [[
  local health = vim.health or require "health"
  local texts = {}
  for _, level in ipairs { "start", "ok", "info", "warn", "error" } do
    local name = health[level] and level or "report_" .. level
    local show = health[name]
    health[name] = function(text, advice)
      print(level, text, type(advice) == "table" and table.concat(advice, " ") or advice)
      texts[#texts + 1] = text
      show(text, advice)
    end
  end
  vim.cmd "silent checkhealth geelark"
  local page = table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), "\n")
  for line in table.concat(texts, "\n"):gmatch "%S[^\n]*" do
    assert(page:find(line, 1, true), line .. " is not shown:\n" .. page)
  end
]]

-- What the check says after a script, and below that, the page.
local function report(script, environment)
  return nvim.output(script .. "\n" .. REPORT .. "print(page)", { environment = environment })
end

describe(":checkhealth geelark", function()
  it("finds nothing missing, and never shows a credential", function()
    local said = report([[driver.setup { app_id = "visible1", api_key = "visible2" }]],
      "GEELARK_TOKEN=visible3")
    assert.matches("^start\tgeelark\t", said)
    for _, line in ipairs {
      "ok\tNeovim %d", "ok\tthe core module is loaded\t", "ok\tanswers are read by vim.json\t",
      "info\tlibcurl/%d", "ok\tcredentials: the option app_id, the option api_key\t",
      "info\tbase URL: https://openapi.geelark.com\t",
    } do
      assert.matches("\n" .. line, said)
    end
    assert.is_nil(said:find "\nerror" or said:find "\nwarn" or said:find "visible")
  end)

  it("names the libcurl that the core is linked with", function()
    local said = report("print(package.searchpath('geelark.core', package.cpath))",
      "GEELARK_TOKEN=t")
    local linked = shell.run("ldd %s", said:match "^[^\n]*")
    assert.equal(linked:find("libcurl-gnutls", 1, true) ~= nil,
      said:find "\ninfo\tlibcurl/%S+ GnuTLS" ~= nil)
    assert.matches("\ninfo\tlibcurl/%d", said)
  end)

  it("says where the token comes from, and the address", function()
    local said = report("", "GEELARK_TOKEN=visible GEELARK_BASE_URL=http://127.0.0.1:1")
    assert.matches("\nok\tcredentials: GEELARK_TOKEN\t", said)
    assert.matches("\ninfo\tbase URL: http://127.0.0.1:1\t", said, 1, true)
    assert.is_nil(said:find "visible")
  end)

  it("says whether setup wants phones stopped that run", function()
    local stops = "\ninfo\tphones that run are stopped, then deleted: stop_started, by setup\t"
    assert.is_nil(report("", "GEELARK_TOKEN=t"):find(stops, 1, true))
    local said = report("driver.setup { stop_started = true }", "GEELARK_TOKEN=t")
    assert.matches(stops, said, 1, true)
  end)

  it("says which credentials are missing, and where they are set", function()
    assert.matches("\nerror\tconfig: no credentials: set the option token[^\n]*\t"
      .. "Set it in the environment, or by require%('geelark.nvim'%).setup\n", report "")
  end)

  it("speaks to newer Neovims by their names", function()
    assert.matches("^start\tgeelark\nok\tNeovim .*\nok\tcredentials: GEELARK_TOKEN\ninfo\tbase",
      nvim.output([[
      vim.health = {}
      for _, name in ipairs { "start", "ok", "info", "warn", "error" } do
        vim.health[name] = function(text) print(name, text) end
      end
      package.preload.health = error
      require("geelark.health").check()]], { environment = "GEELARK_TOKEN=t" }))
  end)

  it("says how to build the core where there is none, and asks it nothing", function()
    local home = nvim.home()
    finally(function() home:remove() end)
    local said = home:output(REPORT)
    assert.matches("\nerror\tthe core module can't be loaded: geelark/core.so is in no lua folder "
      .. "of 'runtimepath' nor in package.cpath\tIn " .. home.clone
      .. ": make nvim, then start Neovim anew", said, 1, true)
    assert.is_nil(said:find "credentials" or said:find "vim.json")
  end)

  it("says why a core that is there can't be loaded, and how to build another", function()
    assert.matches("\nerror\tthe core module can't be loaded: [^\n]*geelark/core.so.*\t"
      .. "It was built for another Lua, or misses a library In [^\n]*: make nvim, then", report [[
      vim.fn.mkdir "geelark"
      io.open("geelark/core.so", "w"):close()
      package.cpath = "./?.so"]])
  end)

  it("says so where the commands are not there", function()
    assert.matches("\nok\t:GeelarkDelete is there\t", report "")
    assert.matches("\nwarn\t:GeelarkDelete is not there: plugin/geelark.lua was not read\tThe ",
      report [[vim.cmd "delcommand GeelarkDelete"]])
  end)

  it("names the lists that were left behind", function()
    assert.matches("\nwarn\tNeovim was left in the middle of a delete: [^\n]*geelark%-", report [[
      local path = require("geelark.nvim.record").write {
        summary = "s", left = { { id = "1", outcome = "pending" } } }
      assert(io.open(path):read "*a" == "s\n1\tpending: not processed\n")]])
  end)

  it("finds everything where make nvim has built it for a plugin manager", function()
    local home = nvim.home()
    finally(function() home:remove() end)
    home:make()
    local said = home:output(REPORT, "GEELARK_TOKEN=t")
    assert.matches("\nok\tthe core module is loaded\t", said)
    assert.is_nil(said:find "\nerror" or said:find "\nwarn")
  end)
end)
