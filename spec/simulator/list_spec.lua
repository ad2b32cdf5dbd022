-- The call that lists phones.

local requests = require "spec.support.requests"
local worlds = require "geelark.simulator.world"
local cjson = require "cjson"
local phones = require "geelark.simulator.phones"

describe("the simulator's list of phones", function()
  local function list(world, body)
    local request = requests.post(requests.LIST, cjson.encode(body))
    local record = world:arrive(request, 0)
    local reply = world:act(record, 0)
    world:leave(record, reply.status, reply.code)
    return reply
  end

  it("goes by pages, in the order of the phones", function()
    local world, ids = worlds.new { phones = 25, token = requests.TOKEN }, phones.ids(25)
    local first = list(world, { page = 1, pageSize = 10 })
    assert.equal(0, first.code)
    assert.equal(25, first.data.total)
    assert.equal(10, #first.data.items)
    assert.equal(ids[1], first.data.items[1].id)
    local last = list(world, { page = 3, pageSize = 10 }).data
    assert.same({ 25, 3, 10, 5 }, { last.total, last.page, last.pageSize, #last.items })
    assert.equal(ids[25], last.items[5].id)
  end)

  it("has null for items where there are none", function()
    local world = worlds.new { phones = 2, token = requests.TOKEN }
    assert.equal(cjson.null, list(world, { page = 2, pageSize = 100 }).data.items)
    assert.equal(cjson.null, list(worlds.new { token = requests.TOKEN }, {}).data.items)
  end)

  it("filters by status and by ids", function()
    local world = worlds.new { token = requests.TOKEN,
      phones = { a1 = "started", b1 = "stopped", c1 = "executing", d1 = "expired" } }
    local started = list(world, { openStatus = 0 }).data
    assert.equal(2, started.total)
    assert.equal("a1", started.items[1].id)
    assert.equal(0, started.items[1].rpaStatus)
    assert.equal(1, started.items[2].rpaStatus)
    local some = list(world, { ids = { "d1", "b1", "x1" } }).data
    assert.equal(2, some.total)
    assert.same({ "b1", 2, "d1", 3 }, { some.items[1].id, some.items[1].status,
      some.items[2].id, some.items[2].status })
    assert.equal(1, list(world, { ids = { "a1", "b1" }, openStatus = 2 }).data.total)
    assert.equal(0, list(world, { groupName = "mine" }).data.total)
    assert.equal(0, list(world, { tags = { "old" } }).data.total)
  end)

  it("needs no page where ids are named", function()
    local world, ids = worlds.new { phones = 120, token = requests.TOKEN }, phones.ids(100)
    assert.equal(100, #list(world, { ids = ids }).data.items)
    assert.equal(10, #list(world, { ids = ids, pageSize = 10 }).data.items)
    assert.equal(10, #list(world, {}).data.items)
  end)

  it("shows what the service shows of a phone, the proxy's password too", function()
    local world = worlds.new { phones = { a1 = "stopped" }, token = requests.TOKEN }
    local item = list(world, {}).data.items[1]
    for _, name in ipairs { "id", "serialName", "serialNo", "group", "remark", "status", "tags",
      "equipmentInfo", "proxy", "rpaStatus" } do
      assert.is_not_nil(item[name], name)
    end
    assert.equal("simulated", item.proxy.password)
  end)

  local refused = {
    { "a pageSize of 0", { pageSize = 0 }, 40008 },
    { "a pageSize of 101", { pageSize = 101 }, 40008 },
    { "a pageSize that is no number", { pageSize = "10" }, 40008 },
    { "a page 0", { page = 0 }, 40004 },
    { "more than 100 ids", { ids = phones.ids(101) }, 40004 },
  }
  for _, row in ipairs(refused) do
    it("refuses " .. row[1], function()
      assert.equal(row[3], list(worlds.new { phones = 1, token = requests.TOKEN }, row[2]).code)
    end)
  end

  it("forgets phones that are deleted", function()
    local world = worlds.new { phones = { "a1", "b1" }, token = requests.TOKEN }
    world.phones:delete("a1", 0)
    local data = list(world, {}).data
    assert.equal(1, data.total)
    assert.equal("b1", data.items[1].id)
    assert.equal("2", data.items[1].serialNo)
  end)
end)
