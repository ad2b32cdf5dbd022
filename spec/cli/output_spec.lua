-- Standard output that is closed, full or no longer read: the account is told, and nothing crashes.

local cli = require "spec.support.cli"
local simulator = require "geelark.simulator"
local temporary = require "spec.support.temporary"

describe("the command's standard output", function()
  local service
  after_each(function()
    if service then service:stop() end
    service = nil
  end)

  local function delete(options, arguments, given)
    service = simulator.spawn(options)
    given.service, given.input = service, table.concat(service:ids(), "\n")
    return cli.run("delete --yes --from - " .. arguments, given)
  end

  it("may have a reader that goes", function()
    local run = delete({ phones = 3000 }, "--format csv", { to = "| head -n 1" })
    assert.same({ 0, "id,state,code,name,msg\n", "geelark: 3000 deleted\n" },
      { run.status, run.output, run.errors })
  end)

  it("may be closed, and no other file takes its place", function()
    local run = delete({ phones = 2 }, "--format csv", { redirected = ">&-" })
    assert.same({ 0, "geelark: 2 deleted\n" }, { run.status, run.errors })
    service:set(service:ids()[1], "stopped")
    run = cli.run("delete --yes --format csv " .. service:ids()[1],
      { service = service, redirected = ">&-" })
    assert.same({ 0, "geelark: 1 deleted\n" }, { run.status, run.errors })
  end)

  it("may be closed beside standard input, which then isn't taken for an empty list", function()
    local run = delete({ phones = 2 }, "--format csv", { redirected = ">&- <&-" })
    assert.same({ 2, "geelark: standard input: Bad file descriptor\n" }, { run.status, run.errors })
  end)

  it("that is full is told, with the ids that were not deleted", function()
    local run = delete({ phones = 3, states = { started = 1 } }, "", { redirected = ">/dev/full" })
    assert.equal(1, run.status)
    assert.matches("^geelark: 2 deleted, 1 failed\n", run.errors)
    assert.matches("geelark: the results can't be written: No space left on device\n", run.errors,
      1, true)
    assert.matches("\n%d+\tfailed: env is started %(43009 started; stop it, then delete, "
      .. "as %-%-stop%-started does%)\n$", run.errors)
  end)

  it("that is full is a fault also where all was deleted", function()
    local run = delete({ phones = 3 }, "--format csv", { redirected = ">/dev/full" })
    assert.equal(2, run.status)
    assert.matches("^geelark: 3 deleted\n", run.errors)
  end)

  it("may go together with a standard error that is closed", function()
    local run = delete({ phones = 3 }, "--format csv", { redirected = "2>&-" })
    assert.equal(0, run.status)
    assert.matches("^id,state,code,name,msg\n528086321789535232,deleted,,,\n", run.output)
  end)

  it("may be read in part after a dry run, too", function()
    local directory = temporary.new()
    directory:write("ids", table.concat(simulator.ids(20000), "\n"))
    local run = cli.run("delete --dry-run --format jsonl --from " .. directory:file "ids",
      { environment = "GEELARK_TOKEN=any", to = "| head -n 1" })
    directory:remove()
    assert.same({ 0, '{"id":"528086321789535232","state":"pending"}\n' },
      { run.status, run.output })
  end)
end)
