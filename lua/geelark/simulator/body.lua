-- What stands in the body of a call: its ids, or the code and the reason why it is refused.

local need = require "geelark.simulator.need"
local messages = require "geelark.simulator.messages"
local cjson = need("cjson", "lua-cjson")

-- A private instance, so that nobody's settings but ours apply.
local json = cjson.new()

local UNREADABLE, REFUSED = 40001, 40004

-- Why a list of ids is refused, or nothing.
local function objection(ids, most, bad_ids)
  if #ids > most then return ("ids: more than %d"):format(most) end
  for i = 1, #ids do
    if type(ids[i]) ~= "string" then return "ids: string expected" end
    if ids[i] == "" or bad_ids[ids[i]] then return "ids: bad id" end
  end
end

---@param request geelark.simulator.Request
---@param most integer ids that the call takes
---@param bad_ids table<string, boolean> ids for whose sake it is refused
---@return string[]|nil ids nil where it is refused
---@return integer|nil code
---@return string|nil why
---@return any[]|nil refused what could be read of the ids all the same
return function(request, most, bad_ids)
  local content_type = (request.headers["content-type"] or ""):lower()
  if not content_type:find("application/json", 1, true) then
    return nil, UNREADABLE, "Content-Type is not application/json"
  end
  local readable, body = pcall(json.decode, request.body)
  if not readable or type(body) ~= "table" then
    return nil, UNREADABLE, messages[UNREADABLE]
  end
  local ids = body.ids
  if type(ids) ~= "table" or #ids == 0 then
    return nil, REFUSED, "ids: array of at least one id expected"
  end
  local why = objection(ids, most, bad_ids)
  if why then return nil, REFUSED, why, ids end
  return ids
end
