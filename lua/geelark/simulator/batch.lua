-- The calls that do one thing with each of a list of phones. An id fails with a code, or else
-- there may be something to say of it in successDetails.

local body = require "geelark.simulator.body"
local messages = require "geelark.simulator.messages"

---@class geelark.simulator.Call what a path of the service does
---@field read fun(decoded: table, record: geelark.simulator.Record, settings: geelark.simulator.Options): integer?, string?
---  enters into the record what is asked for; the code and the reason where it is refused
---@field answer fun(world: geelark.simulator.World, record: geelark.simulator.Record, now: number): table, integer
---  does it; `data` and `code` of the answer

local function code_of(world, data)
  if data.failAmount == 0 or not world.settings.batch_codes then return 0 end
  return data.successAmount == 0 and 40009 or 40006
end

---@param most integer ids that a request may name
---@param act fun(phones: geelark.simulator.Phones, id: string, now: number, record: geelark.simulator.Record): integer?, table?
---@param lists_successes boolean|nil whether successDetails are given
---@return geelark.simulator.Call
return function(most, act, lists_successes)
  local call = {}

  function call.read(decoded, record, settings)
    local code, why
    record.ids, code, why = body.ids(decoded, most, settings)
    return code, why
  end

  function call.answer(world, record, now)
    local failures, successes = {}, {}
    for _, id in ipairs(record.ids) do
      local code, success = act(world.phones, id, now, record)
      if code then
        failures[#failures + 1] = { code = code, id = id, msg = messages[code] }
      elseif success then
        successes[#successes + 1] = success
      end
    end
    local data = {
      totalAmount = #record.ids,
      successAmount = #record.ids - #failures,
      failAmount = #failures,
      failDetails = failures,
      successDetails = lists_successes and successes or nil,
    }
    return data, code_of(world, data)
  end

  return call
end
