-- The command deletes what it is told, says what became of each id, and ends with a status that a
-- script can go by.

local cjson = require "cjson"
local cli = require "spec.support.cli"
local shell = require "spec.support.shell"
local simulator = require "geelark.simulator"

describe("geelark delete", function()
  local service
  after_each(function()
    if service then service:stop() end
    service = nil
  end)

  local function serve(options)
    service = simulator.spawn(options)
    return table.concat(service:ids(), "\n") .. "\n"
  end

  local function delete(arguments, input)
    return cli.run("delete --yes " .. arguments, { service = service, input = input })
  end

  it("ends with 0 where every id was deleted, with nothing on standard output", function()
    local run = delete("--from -", serve { phones = 250 })
    assert.same({ status = 0, output = "", errors = "geelark: 250 deleted\n" }, run)
    assert.equal("deleted", service:state(service:ids()[250]))
  end)

  it("takes ids as arguments", function()
    serve { phones = 3 }
    local ids = service:ids()
    assert.equal("geelark: 2 deleted\n", delete(ids[1] .. " " .. ids[3]).errors)
    assert.equal("stopped", service:state(ids[2]))
  end)

  it("ends with 1 where some failed, and lists them with what helps", function()
    local ids = serve { phones = 9, states = { started = 2, missing = 1 } }
    local run = delete("--from -", ids)
    assert.equal(1, run.status)
    assert.matches("^id +code +outcome +message\n%d+  42001  not_found  env not found\n"
      .. ("%d+  43009  started    env is started\n"):rep(2) .. "$", run.output)
    assert.equal("geelark: 6 deleted, 3 failed\n"
      .. "  2 started (43009): stop it, then delete, as --stop-started does\n"
      .. "  1 not_found (42001): nothing to do: it is gone\n", run.errors)
  end)

  it("prints what README.md says of a first run", function()
    local run = delete("--from -", serve { phones = 250, states = { started = 5 } })
    assert.equal(shell.read "README.md":match "ends with\n\n```text\n(.-)```", run.errors)
  end)

  it("ends with 3 where some are unknown or pending, and says how to go on", function()
    local run = delete("--from - --concurrency 1", serve { phones = 250, states = { started = 1 },
      plan = { false, { refuse = 40014 } } })
    assert.equal(3, run.status)
    assert.matches("^geelark: ended %(locked%): 100 deleted, 150 pending\nlocked: ", run.errors)
    assert.matches("\nTo go on run the same command again", run.errors, 1, true)
    assert.equal(150, select(2, run.output:gsub("%d+ +pending\n", "")))
  end)

  it("ends with 2 and sends nothing without credentials", function()
    local run = cli.run("delete --yes 528086321789535232")
    assert.equal(2, run.status)
    assert.matches("^geelark: config: no credentials", run.errors)
  end)

  it("tells what can't be used without the amounts, whatever is in a name", function()
    local run = cli.run("delete --yes a1", { environment = "GEELARK_TOKEN=t GEELARK_CA_FILE="
      .. shell.quote "/nowhere (3 ids: old).pem" })
    assert.equal("geelark: config: ca_file: cannot read /nowhere (3 ids: old).pem\n", run.errors)
  end)

  it("has so many requests in flight as it is told", function()
    delete("--concurrency 1 --from -", serve { phones = 500, plan = { { delay = 0.1 } } })
    for _, request in ipairs(service:requests()) do assert.equal(1, request.inFlight) end
  end)

  it("says nothing with --quiet, unless it goes wrong", function()
    local ids = serve { phones = 3, states = { started = 1 } }
    local run = delete("--quiet --from -", ids)
    assert.same({ 1, "" }, { run.status, run.errors })
    service:plan { { refuse = 40014 } }
    assert.matches("^geelark: ended %(locked%)", delete("--quiet --from -", ids).errors)
  end)

  it("sends nothing in a dry run, and says what it would", function()
    local ids = serve { phones = 3 }
    local run = delete("--dry-run --from -", ids .. ids)
    assert.same({ 0, "" }, { run.status, run.output })
    assert.equal(("geelark: dry run: 3 cloud phones (3 more are repeated) would be deleted at "
      .. "%s, with the credentials of GEELARK_TOKEN; nothing was sent\n"):format(service.url),
      run.errors)
    assert.same({}, service:requests())
  end)

  it("counts what is repeated as one would say it", function()
    serve { phones = 1 }
    assert.matches("dry run: 1 cloud phone (1 more is repeated) would be deleted",
      delete("--dry-run 1 1").errors, 1, true)
  end)

  it("tells which line it took for a header where that was all", function()
    serve {}
    assert.equal('geelark: "Unauthorized" is taken for a header.\ngeelark: 0 deleted\n',
      delete("--from -", "Unauthorized\n").errors)
    assert.equal("", delete("--quiet --from -", "id\n").errors)
  end)

  it("tells in a dry run which line it takes for a header", function()
    local run = delete("--dry-run --from -", "phones\n" .. serve { phones = 1 })
    assert.matches('\n"phones" is taken for a header.\n', run.errors, 1, true)
  end)

  it("lists every id in your order as CSV and as JSON a line", function()
    local ids = serve { phones = 4, states = { started = 1 } }
    local started = ids:match "(%d+)\n$"
    service:set(started, "started")
    local csv = delete("--format csv --from -", ids).output
    assert.matches("^id,state,code,name,msg\n528086321789535232,deleted,,,\n", csv)
    assert.matches("\n" .. started .. ",failed,43009,started,env is started\n", csv, 1, true)
    local lines = delete("--format jsonl --from -", ids).output
    assert.matches('^{"id":"528086321789535232","state":"failed","code":42001,"name":"not_found",'
      .. '"msg":"env not found"}\n', lines)
    assert.equal(4, select(2, lines:gsub("[^\n]+\n", "")))
  end)

  it("gives the whole account as JSON: ids as strings, codes as integers", function()
    local run = delete("--format json --concurrency 1 --from -", serve { phones = 250,
      states = { started = 2 }, plan = { false, { refuse = 40014 } } })
    assert.matches('"code":43009,"id":"%d+"', run.output)
    assert.is_nil(run.output:find("%d%.0%D"))
    local account = cjson.decode(run.output)
    assert.same({ 250, 99, 1, 150, "locked", 40014, "delete" }, { account.totalAmount,
      account.successAmount, account.failAmount, #account.pendingIds, account.error.kind,
      account.error.code, account.requests[1].action })
  end)

  for name, arguments in pairs {
    ["both ids and a file are given"] = "1 --from -",
    ["neither ids nor a file are given"] = "",
    ["a column is named without a file"] = "1 --column id",
    ["an id is none"] = "phone",
    ["an option is none"] = "1 --form -",
    ["an option's value is wrong"] = "1 --concurrency 65",
    ["a format is none"] = "1 --format xml",
  } do
    it("ends with 2 and sends nothing where " .. name, function()
      serve { phones = 1 }
      local run = delete(arguments)
      assert.same({ 2, "" }, { run.status, run.output })
      assert.matches("^geelark: ", run.errors)
      assert.same({}, service:requests())
    end)
  end
end)
