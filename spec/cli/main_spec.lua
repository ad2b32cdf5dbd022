-- The command's help, its version, its other subcommands, and what it says where something is missing.

local cjson = require "cjson"
local cli = require "spec.support.cli"
local geelark = require "geelark"
local shell = require "spec.support.shell"
local simulator = require "geelark.simulator"
local temporary = require "spec.support.temporary"

describe("geelark --help", function()
  for _, arguments in ipairs { "", "delete ", "resume ", "failures ", "codes ", "simulate " } do
    for _, columns in ipairs { 80, 40 } do
      it(("of geelark %sfits %d columns"):format(arguments, columns), function()
        local text, status = cli.on_terminal(arguments .. "--help", { columns = columns })
        assert.equal(0, status)
        assert.matches("Usage: geelark", text, 1, true)
        -- argparse breaks no option that is wider than the line.
        for line in text:gsub("%b{}", "{}"):gmatch "[^\n]+" do
          assert.is_true(#line <= columns, line)
        end
      end)
    end
  end

  it("names every subcommand, credential and exit status", function()
    local help = cli.run("--help").output
    for word in ("delete resume failures codes simulate GEELARK_TOKEN GEELARK_APP_ID "
      .. "GEELARK_API_KEY 0 1 2 3 130 143"):gmatch "%S+" do
      assert.matches("%f[%w_]" .. word .. "%f[^%w_]", help)
    end
  end)

  it("knows no option for a credential", function()
    local help = cli.run("delete --help").output
    for option in help:gmatch "%-%-[%l-]+" do
      assert.is_nil(option:find "token" or option:find "key" or option:find "app")
    end
  end)
end)

describe("geelark", function()
  it("tells its version", function()
    local run = cli.run "--version"
    assert.same({ 0, geelark._VERSION .. "\n" }, { run.status, run.output })
  end)

  for arguments, why in pairs {
    [""] = "a command is required; see geelark --help",
    ["dlete"] = "unknown command 'dlete'; did you mean 'delete'? See geelark --help",
    ["delete --concurrency two 1"] = "--concurrency: number expected, got two; "
      .. "see geelark delete --help",
    ["delete --from a --from b"] = "option '--from' must be used at most 1 time; "
      .. "see geelark delete --help",
    ["delete --journal a --journal b 1"] = "option '--journal' must be used at most 1 time; "
      .. "see geelark delete --help",
    ["delete --from a --column a --column b"] = "option '--column' must be used at most 1 time; "
      .. "see geelark delete --help",
    ["delete README.md"] = "README.md is a file; what helps: --from README.md",
    ["delete 1 README.md"] = "README.md is a file; what helps: --from README.md",
    ["delete --form x"] = "unknown option '--form'; did you mean '--from'? "
      .. "See geelark delete --help",
  } do
    it("ends with 2 for wrong arguments: " .. arguments, function()
      local run = cli.run(arguments)
      assert.same({ 2, "" }, { run.status, run.output })
      assert.equal("geelark: " .. why .. "\n", run.errors)
    end)
  end

  it("asks by name for the modules that are missing", function()
    local lua = ("package.preload.term = error package.preload.argparse = error "
      .. "return require 'geelark.cli.needs'()")
    local message = shell.run("("
      .. shell.run_lua("print((function() " .. lua .. " end)())") .. ")")
    assert.equal("geelark: the command needs Lua modules that are missing: argparse, term. What "
      .. "helps on Debian: apt-get install lua-argparse lua-term; elsewhere: luarocks install "
      .. "argparse lua-term", message)
  end)
end)

describe("geelark codes", function()
  it("lists every code with what helps", function()
    local run = cli.run "codes"
    assert.matches("\n43009  started +it is started; stop it, then delete, as %-%-stop%-started "
      .. "does\n", run.output)
    local listed = 0
    for code in pairs(geelark.codes) do listed = listed + (type(code) == "number" and 1 or 0) end
    assert.equal(listed, select(2, run.output:gsub("\n", "")) - 1)
  end)

  it("gives them to programs, too", function()
    local started
    for _, code in ipairs(cjson.decode(cli.run("codes --format json").output)) do
      if code.code == geelark.codes.started then started = code end
    end
    assert.same({ code = 43009, name = "started", retryable = true, meaning = "it is started",
      remedy = geelark.codes[43009].remedy }, started)
  end)
end)

describe("geelark simulate", function()
  it("prints the ids of its phones", function()
    assert.equal(table.concat(simulator.ids(3), "\n") .. "\n",
      cli.run("simulate --ids --phones 3").output)
  end)

  it("serves phones in states, to whom it gives the variables for, until Ctrl-C", function()
    local directory = temporary.new()
    local fifo = directory:file "line"
    shell.run("mkfifo %s", fifo)
    local process = cli.start("simulate --phones 3 --state started=1 --log",
      { url = "", token = "" }, fifo)
    local file = assert(io.open(fifo))
    local url, token = file:read "*l":match "^export GEELARK_BASE_URL=(%S+) GEELARK_TOKEN=(%S+)$"
    file:close()
    local run = cli.run("delete --yes " .. table.concat(simulator.ids(3), " "),
      { service = { url = url, token = token } })
    shell.run("kill -INT %s", process.pid)
    local status, log = process.finish()
    directory:remove()
    assert.equal(1, run.status)
    assert.matches("^geelark: 2 deleted, 1 failed\n", run.errors)
    assert.equal(0, status)
    assert.matches("/open/v1/phone/delete", log, 1, true)
  end)

  for _, arguments in ipairs { "--state started", "--state flying=1", "--phones -1 --port 1",
    "--phones 1e300", "--ids --phones 1e300", "--ids --phones -1", "--ids --phones 1.5",
    "--port 99999" } do
    it("ends with 2 for " .. arguments, function()
      local run = cli.run("simulate " .. arguments)
      assert.equal(2, run.status)
      assert.matches("^geelark: ", run.errors)
      assert.is_nil(run.errors:find "%.lua:%d")
    end)
  end
end)
