-- UTF-8 out of whatever bytes: a message may come from a gateway that writes another encoding, and what
-- isn't UTF-8 no program reads as JSON.

local REPLACEMENT = "\239\191\189" -- U+FFFD

-- The second byte where not each one will do: no overlong form, no surrogate, nothing above U+10FFFF.
local LEAST, MOST = { [0xE0] = 0xA0, [0xF0] = 0x90 }, { [0xED] = 0x9F, [0xF4] = 0x8F }

local function length(first)
  if first >= 0xC2 and first <= 0xDF then return 2 end
  if first >= 0xE0 and first <= 0xEF then return 3 end
  return first >= 0xF0 and first <= 0xF4 and 4 or nil
end

-- One byte above ASCII and all that continue it.
local function sound(sequence)
  local first, second = sequence:byte(1, 2)
  local right = #sequence == length(first) and second >= (LEAST[first] or 0)
    and second <= (MOST[first] or 0xFF)
  return right and sequence or REPLACEMENT
end

---@param text string
---@return string
return function(text)
  if not text:find "[\128-\255]" then return text end
  return (text:gsub("[\128-\255][\128-\191]*", sound))
end
