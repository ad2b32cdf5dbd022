-- Before it deletes, the command asks on the terminal; without one it refuses.

local cli = require "spec.support.cli"
local simulator = require "geelark.simulator"

local ONE = "528086321789535232"

describe("the command's question", function()
  local service
  setup(function() service = simulator.spawn { phones = 3 } end)
  teardown(function() service:stop() end)

  local function ask(arguments, keys, from, columns)
    return cli.on_terminal("delete " .. arguments,
      { service = service, keys = keys, from = from, columns = columns })
  end

  for name, keys in pairs { no = "no\n", Enter = "\n", ["the end of input"] = "\4",
    ["anything else"] = "yess\n" } do
    it("deletes nothing after " .. name, function()
      local text, status = ask(ONE, keys)
      assert.matches("geelark: nothing was deleted", text, 1, true)
      assert.same({ 2, {} }, { status, service:requests() })
    end)
  end

  it("names the phone, the address, and where the credentials come from", function()
    local text = ask(ONE, "no\n")
    assert.matches(("Delete the cloud phone %s at %s, with the credentials of GEELARK_TOKEN? This "
      .. "can't be undone. [y/N]"):format(ONE, service.url), (text:gsub("\n", " ")), 1, true)
    assert.is_nil(text:find "simulator")
  end)

  it("tells how many, how many more, what is a header, whether phones are stopped", function()
    local from = ("printf 'Phone\\n%s\\n%s\\n1x\\n' |"):format(ONE, ONE)
    local text = ask("--stop-started --from -", "no\n", from):gsub("\n", " ")
    assert.matches("Delete 2 cloud phones at", text, 1, true)
    assert.matches('? 1 more is repeated. "Phone" is taken for a header. Phones that are started '
      .. "are stopped first. This can't be undone. [y/N]", text, 1, true)
  end)

  it("fits 40 columns", function()
    for line in ask(ONE, "no\n", nil, 40):gsub("\27%[%d*m", ""):gmatch "[^\n]+" do
      assert.is_true(#line <= 40, line)
    end
  end)

  it("is not asked without a terminal: it refuses, says what helps, and sends nothing", function()
    local run = cli.run("delete " .. ONE, { service = service })
    assert.same({ status = 2, output = "", errors = "geelark: there is no terminal to ask on "
      .. "(--yes doesn't ask); nothing was sent\n" }, run)
    assert.same({}, service:requests())
  end)

  it("deletes after yes, though the ids come from standard input", function()
    local text, status = ask("--from -", "yes\n", ("echo %s |"):format(ONE))
    assert.matches("geelark: 1 deleted", text, 1, true)
    assert.same({ 0, "deleted" }, { status, service:state(ONE) })
  end)
end)
