-- The calls of the service, by path.

local batch = require "geelark.simulator.batch"
local list = require "geelark.simulator.list"

local FOLDER = "/open/v1/phone/"

---@type table<string, geelark.simulator.Call> by the last part of the path
local by_name = { list = list }

by_name.delete = batch(100, function(phones, id, now, record)
  local code = phones:delete(id, now)
  if not code then record.deleted[#record.deleted + 1] = id end
  return code
end)

-- Success means that the stop is accepted; the phone is down some time later.
by_name.stop = batch(200, function(phones, id, now) return phones:stop(id, now) end)

by_name.start = batch(200, function(phones, id, now) return phones:start(id, now) end)

by_name.status = batch(100, function(phones, id, now)
  local status = phones:status(id, now)
  if not status then return phones.NOT_FOUND end
  return nil, { id = id, serialName = "phone " .. id, status = status }
end, true)

local calls = { by_name = by_name }

---@param path string without a query
---@return geelark.simulator.Call|nil
function calls.find(path)
  local folder, name = path:match "^(.*/)([^/]*)$"
  return folder == FOLDER and by_name[name] or nil
end

---The whole path of a call's name, or a path as it stands.
---@param name string "delete", or "/open/v1/phone/delete"
---@return string
function calls.path(name)
  return name:find("/", 1, true) and name or FOLDER .. name
end

return calls
