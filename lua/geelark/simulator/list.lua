-- The call that lists phones, page by page.

local need = require "geelark.simulator.need"
local body = require "geelark.simulator.body"
local cjson = need("cjson", "lua-cjson")

local BAD_PAGE_SIZE, REFUSED = 40008, 40004
local PAGE_SIZE_MAX, IDS_MAX, DEFAULT_PAGE_SIZE = 100, 100, 10

local function is_whole(value, least, most)
  return type(value) == "number" and value % 1 == 0 and value >= least and value <= most
end

-- Who names ids needs no page.
local function read_page(decoded, record)
  local size = decoded.pageSize or type(decoded.ids) == "table" and next(decoded.ids) and IDS_MAX
  record.page, record.pageSize = decoded.page or 1, size or DEFAULT_PAGE_SIZE
  if not is_whole(record.pageSize, 1, PAGE_SIZE_MAX) then return BAD_PAGE_SIZE end
  if not is_whole(record.page, 1, math.huge) then
    return REFUSED, "page: integer from 1 expected"
  end
end

local function set_of(list)
  local set = {}
  for _, value in ipairs(list) do set[value] = true end
  return set
end

-- No simulated phone is in a group or has a tag: who asks for one finds none.
local function finds_none(decoded)
  local tags, group = decoded.tags, decoded.groupName
  return type(tags) == "table" and #tags > 0 or type(group) == "string" and group ~= ""
end

local list = {}

function list.read(decoded, record, settings)
  local code, why = read_page(decoded, record)
  if code then return code, why end
  if type(decoded.ids) == "table" and next(decoded.ids) then
    record.ids, code, why = body.ids(decoded, IDS_MAX, settings)
    if code then return code, why end
  end
  record.openStatus = type(decoded.openStatus) == "number" and decoded.openStatus or nil
  record.findsNone = finds_none(decoded) or nil
end

-- Positions of a serial number are the order in which the phones came.
local function item(phones, id, number, now)
  return {
    id = id, serialName = "phone " .. id, serialNo = tostring(number),
    group = cjson.null, remark = "", status = phones:status(id, now), tags = cjson.null,
    equipmentInfo = { countryName = "", phoneNumber = "", osVersion = "" },
    proxy = { type = "socks5", server = "192.0.2.1", port = 1080, username = "user",
      password = "simulated" },
    rpaStatus = phones:executes(id, now) and 1 or 0,
  }
end

function list.answer(world, record, now)
  local phones, wanted = world.phones, record.ids and set_of(record.ids)
  local first, last = (record.page - 1) * record.pageSize + 1, record.page * record.pageSize
  local total, items = 0, {}
  for number, id in ipairs(record.findsNone and {} or phones.order) do
    local status = phones:status(id, now)
    if status and (not wanted or wanted[id])
      and (not record.openStatus or record.openStatus == status) then
      total = total + 1
      if total >= first and total <= last then items[#items + 1] = item(phones, id, number, now) end
    end
  end
  return { total = total, page = record.page, pageSize = record.pageSize,
    items = items[1] and items or cjson.null }, 0
end

---@type geelark.simulator.Call
return list
