-- The body of a request as a table, whole numbers of any length exact; or the code and the reason
-- why it is refused.

local need = require "geelark.simulator.need"
local messages = require "geelark.simulator.messages"
local cjson = need("cjson", "lua-cjson")

-- A private instance, so that nobody's settings but ours apply.
local json = cjson.new()

local UNREADABLE, REFUSED = 40001, 40004
local EXACT_DIGITS = 15 -- a double holds more of them only by chance

-- Where the string of JSON ends that begins at `from`.
local function string_end(text, from)
  local at = from + 1
  while true do
    at = text:find('["\\]', at)
    if not at then return #text end
    if text:byte(at) == 34 then return at end
    at = at + 2
  end
end

-- Makes strings of whole numbers that are too long for a double: some clients write ids so.
local function quote_integers(text)
  if not text:find "[%[,:]%s*%-?%d" then return text end -- as nearly always: no number at all
  local pieces, copied, at = {}, 1, 1
  while true do
    at = text:find('["%d-]', at)
    if not at then break end
    if text:byte(at) == 34 then
      at = string_end(text, at) + 1
    else
      local word = text:match("^[%w.+-]+", at)
      if #word > EXACT_DIGITS and word:find "^%d+$" then
        pieces[#pieces + 1] = text:sub(copied, at - 1) .. '"' .. word .. '"'
        copied = at + #word
      end
      at = at + #word
    end
  end
  pieces[#pieces + 1] = text:sub(copied)
  return table.concat(pieces)
end

local body = {}

---@param request geelark.simulator.Request
---@param settings geelark.simulator.Options
---@return table|nil body nil where it is refused
---@return integer|nil code
---@return string|nil why
function body.decode(request, settings)
  local content_type = (request.headers["content-type"] or ""):lower()
  if not content_type:find("application/json", 1, true)
    and not settings.accept_any_content_type then
    return nil, UNREADABLE, "Content-Type is not application/json"
  end
  local readable, decoded = pcall(json.decode, quote_integers(request.body))
  if not readable or type(decoded) ~= "table" then
    return nil, UNREADABLE, messages[UNREADABLE]
  end
  return decoded
end

-- An id as text; clients of strings and of numbers are both served.
local function id_text(id)
  if type(id) == "number" and id % 1 == 0 and id >= 0 then return ("%.0f"):format(id) end
  return type(id) == "string" and id or nil
end

-- Why a list of ids is refused, or nothing.
local function objection(ids, most, settings)
  if #ids > most and not settings.accept_any_amount then
    return ("ids: more than %d"):format(most)
  end
  local seen = {}
  for _, id in ipairs(ids) do
    if id == "" or settings.is_bad[id] then return "ids: bad id" end
    if seen[id] and not settings.accept_repeated_ids then return "ids: one stands twice" end
    seen[id] = true
  end
end

---The ids of a body, of which there has to be one.
---@param decoded table
---@param most integer ids that the call takes
---@param settings geelark.simulator.Options
---@return string[]|nil ids as far as they could be read
---@return integer|nil code nil where they are accepted
---@return string|nil why
function body.ids(decoded, most, settings)
  if type(decoded.ids) ~= "table" or #decoded.ids == 0 then
    return nil, REFUSED, "ids: array of at least one id expected"
  end
  local ids = {}
  for i = 1, #decoded.ids do
    ids[i] = id_text(decoded.ids[i])
    if not ids[i] then return ids, REFUSED, "ids: string expected" end
  end
  local why = objection(ids, most, settings)
  return ids, why and REFUSED, why
end

return body
