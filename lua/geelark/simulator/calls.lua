-- The calls of the service, by path: how many ids each takes, and what it does with one of them.
-- An id fails with a code, or else there may be something to say of it in successDetails.

---@class geelark.simulator.Call
---@field most integer ids that a request may name
---@field act fun(phones: geelark.simulator.Phones, id: string, now: number, record: geelark.simulator.Record): integer?, table?
---@field lists_successes boolean|nil whether successDetails are given

---@type table<string, geelark.simulator.Call>
local calls = {}

calls["/open/v1/phone/delete"] = {
  most = 100,
  act = function(phones, id, now, record)
    local code = phones:delete(id, now)
    if not code then record.deleted[#record.deleted + 1] = id end
    return code
  end,
}

-- Success means that the stop is accepted; the phone is down some time later.
calls["/open/v1/phone/stop"] = {
  most = 200,
  act = function(phones, id, now) return phones:stop(id, now) end,
}

calls["/open/v1/phone/status"] = {
  most = 100,
  lists_successes = true,
  act = function(phones, id, now)
    local status = phones:status(id, now)
    if not status then return phones.NOT_FOUND end
    return nil, { id = id, serialName = "phone " .. id, status = status }
  end,
}

return calls
