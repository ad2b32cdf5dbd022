-- The command with a journal: a run that was broken off goes on, and what is in the file can be asked
-- for.

local cjson = require "cjson"
local cli = require "spec.support.cli"
local shell = require "spec.support.shell"
local simulator = require "geelark.simulator"
local temporary = require "spec.support.temporary"

describe("geelark with a journal", function()
  local service, directory, journal
  before_each(function()
    directory = temporary.new()
    journal = directory:file "my run.db"
  end)
  after_each(function()
    if service then service:stop() end
    service = nil
    directory:remove()
  end)

  local function serve(options)
    service = simulator.spawn(options)
    directory:write("ids", table.concat(service:ids(), "\n"))
  end

  local function run(arguments)
    return cli.run(arguments:gsub("JOURNAL", function() return shell.quote(journal) end), {
      service = service })
  end

  local function delete(more)
    return run(("delete --yes --journal JOURNAL --from %s %s"):format(directory:file "ids",
      more or ""))
  end

  -- How often each id was asked for.
  local function count_asked()
    local asked = {}
    for _, request in ipairs(service:requests()) do
      for _, id in ipairs(request.ids or {}) do asked[id] = (asked[id] or 0) + 1 end
    end
    return asked
  end

  -- 250 phones, of which the first 100 are deleted when the service locks the account.
  local function break_off()
    serve { phones = 250, states = { started = 2 }, plan = { false, { refuse = 40014 } } }
    local broken = delete "--concurrency 1"
    assert.equal(3, broken.status)
    return broken
  end

  it("lists what failed, and says that not all phones have an answer yet", function()
    break_off()
    local listed = run "failures JOURNAL"
    assert.equal(0, listed.status)
    assert.matches("^id +code +name +msg\n%d+  43009  started  env is started\n$", listed.output)
    assert.equal("geelark: 99 deleted, 1 failed, 150 pending\nTo go on: geelark resume "
      .. shell.quote(journal) .. "\n", listed.errors)
  end)

  it("says how to go on after a run that was broken off", function()
    local errors = break_off().errors
    assert.matches("\nTo go on: geelark resume " .. shell.quote(journal) .. "\n", errors, 1, true)
  end)

  for name, go_on in pairs {
    ["the same command again"] = function() return delete() end,
    ["geelark resume"] = function() return run "resume --yes JOURNAL" end,
  } do
    it("goes on by " .. name .. ", and asks again for nothing that is gone", function()
      break_off()
      local ended = go_on()
      assert.same({ 1, 2 }, { ended.status, select(2, ended.output:gsub("43009", "")) })
      assert.matches("^geelark: 248 deleted, 2 failed\n", ended.errors)
      local asked = count_asked()
      for _, id in ipairs(service:requests()[1].deleted) do assert.equal(1, asked[id]) end
    end)
  end

  it("goes on after it was killed", function()
    serve { phones = 2000,
      plan = "return function(request) return { delay = request.number > 3 and 3600 or 0.1 } end" }
    local process = cli.start(("delete --yes --from %s --journal %s"):format(directory:file "ids",
      shell.quote(journal)), service)
    while #service:requests() < 4 do end
    shell.run("kill -KILL %s", process.pid)
    process.finish()
    service:plan {}
    local ended = run "resume --yes JOURNAL --format csv"
    assert.equal(0, ended.status)
    assert.equal(2000, select(2, ended.output:gsub(",deleted,", "")) + select(2,
      ended.output:gsub(",presumed,", "")))
    assert.equal(0, service:world().phoneCount)
  end)

  it("sends nobody to a file that was removed meanwhile", function()
    serve { phones = 20000, plan = "return function() return { delay = 0.2 } end" }
    local process = cli.start(("delete --yes --from %s --journal %s"):format(directory:file "ids",
      shell.quote(journal)), service)
    while #service:requests() < 1 do end
    assert(os.remove(journal))
    local status, errors = process.finish()
    assert.equal(3, status)
    assert.matches(" is no longer there ", errors, 1, true)
    assert.matches("\nTo go on run the same command again", errors, 1, true)
  end)

  it("has nothing to do where all is gone, and doesn't ask", function()
    serve { phones = 3 }
    assert.equal(0, delete().status)
    local requests = #service:requests()
    for _, arguments in ipairs { "resume", "delete --from IDS --journal" } do
      local again = run(arguments:gsub("IDS", directory:file "ids") .. " JOURNAL")
      assert.same({ 0, "geelark: 3 deleted\n" }, { again.status, again.errors })
    end
    assert.equal(requests, #service:requests())
  end)

  for _, arguments in ipairs { "resume JOURNAL", "delete --from IDS --journal JOURNAL" } do
    it("asks before it goes on, with the number that is left: " .. arguments, function()
      break_off()
      local text, status = cli.on_terminal(arguments:gsub("%u%u%u+", {
        JOURNAL = shell.quote(journal), IDS = directory:file "ids" }),
        { service = service, keys = "no\n" })
      assert.matches("Delete 151 of 250 cloud phones at", (text:gsub("\n", " ")))
      assert.same({ 2, 2 }, { status, #service:requests() })
    end)
  end

  it("tells in a dry run how many are left", function()
    break_off()
    assert.matches("dry run: 151 of 250 cloud phones would be deleted at",
      delete("--dry-run").errors, 1, true)
  end)

  it("that can't be used is no reason to ask", function()
    serve { phones = 3 }
    journal = directory:write("my run.db", ("no journal\n"):rep(100))
    local ended = run("delete --journal JOURNAL --from " .. directory:file "ids")
    assert.equal(2, ended.status)
    assert.matches(" is not a SQLite file\n", ended.errors, 1, true)
  end)

  it("lists what failed, as far as filters pick it", function()
    serve { phones = 20, states = { started = 2, in_use = 1, missing = 1 } }
    delete()
    for filters, expected in pairs {
      [""] = 4, ["--where started"] = 2, ["--where 43009,in_use"] = 3, ["--where msg=^env"] = 3,
      ["--where msg=^env --where not_found"] = 1, ["--where expired"] = 0,
    } do
      local listed = run("failures JOURNAL --format json " .. filters)
      assert.same({ 0, "" }, { listed.status, listed.errors })
      assert.equal(expected, #cjson.decode(listed.output), filters)
    end
    assert.matches("^id +code +name +msg\n%d+  42001  not_found  env not found\n$",
      run("failures JOURNAL --where not_found").output)
  end)

  it("names a filter that is none", function()
    serve { phones = 2, states = { started = 1 } }
    delete()
    local listed = run "failures JOURNAL --where startde"
    assert.equal(2, listed.status)
    assert.matches('^geelark: %-%-where startde: .*did you mean "started"', listed.errors)
    for filter, why in pairs {
      [""] = "a code, a name, or field=pattern is expected",
      ["msg=["] = "malformed pattern (missing ']')",
      ["msg=env ["] = "malformed pattern (missing ']')",
    } do
      listed = run("failures JOURNAL --where " .. shell.quote(filter))
      assert.same({ 2, ("geelark: --where %s: %s\n"):format(filter, why) },
        { listed.status, listed.errors })
    end
  end)

  for _, arguments in ipairs { "resume --yes", "failures" } do
    it("that isn't there is a usage error of " .. arguments, function()
      local ended = run(arguments .. " JOURNAL")
      assert.same({ 2, "" }, { ended.status, ended.output })
      assert.matches("^geelark: ", ended.errors)
      assert.is_nil(io.open(journal))
    end)
  end

  it("that is something else ends a delete before anything is sent", function()
    serve { phones = 2 }
    journal = directory:write("my run.db", ("no journal\n"):rep(100))
    local ended = delete()
    assert.same({ 2, "" }, { ended.status, ended.output })
    assert.matches("^geelark: config: journal: [^\n]* is not a SQLite file\n$", ended.errors)
    assert.same({}, service:requests())
  end)

  describe("in a dry run", function()
    -- Its files, and all that is in them.
    local function contents()
      local names = shell.run("ls %s", directory.path)
      return names .. (io.open(journal) and shell.read(journal) or "")
    end

    -- What a delete says before it sends anything a dry run says, too, and it writes nothing.
    local function assert_refused(why)
      local before = contents()
      local rehearsed = delete "--dry-run"
      assert.same({ 2, "" }, { rehearsed.status, rehearsed.output })
      assert.matches(why, rehearsed.errors, 1, true)
      assert.equal(delete().errors, rehearsed.errors)
      assert.equal(before, contents())
    end

    it("is refused where it is for another address", function()
      serve { phones = 3 }
      delete()
      local first = service
      finally(function() first:stop() end) -- its port isn't given to the second one
      serve { phones = 3 }
      assert_refused(("is for another base_url (%s, not %s)\n"):format(first.url, service.url))
    end)

    it("is refused where it is something else", function()
      serve { phones = 3 }
      journal = directory:write("my run.db", ("no journal\n"):rep(100))
      assert_refused " is not a SQLite file\n"
    end)

    it("is refused where its name is empty", function()
      serve { phones = 1 }
      journal = ""
      assert_refused "geelark: journal: empty string\n"
    end)

    it("is refused where its folder isn't there", function()
      serve { phones = 1 }
      journal = directory:file "none/run.db"
      assert_refused "none/run.db: unable to open database file\n"
    end)

    it("is refused where another process has it", function()
      serve { phones = 3, plan = { { delay = 50 } } }
      local process = cli.start(("delete --yes --from %s --journal %s"):format(directory:file "ids",
        shell.quote(journal)), service)
      while #service:requests() < 1 do end
      local rehearsed = delete "--dry-run"
      shell.run("kill -KILL %s", process.pid)
      process.finish()
      assert.equal(2, rehearsed.status)
      assert.matches(" is in use by another job or process\n", rehearsed.errors, 1, true)
    end)

    it("is left alone where it is right, empty, or not there", function()
      serve { phones = 3 }
      for _, prepare in ipairs { function() end,
        function() directory:write("my run.db", "") end, delete } do
        prepare()
        local before = contents()
        local rehearsed = delete "--dry-run"
        assert.same({ 0, before }, { rehearsed.status, contents() })
      end
    end)
  end)
end)
