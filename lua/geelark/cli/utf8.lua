-- UTF-8 out of whatever bytes: a message may come from a gateway that writes another encoding, and what
-- isn't UTF-8 no program reads as JSON.

local core = require "geelark.core"

local REPLACEMENT = "\239\191\189" -- U+FFFD

-- One byte above ASCII and all that continue it.
local function sound(sequence)
  return core.is_character(sequence) and sequence or REPLACEMENT
end

---@param text string
---@return string
return function(text)
  if not text:find "[\128-\255]" then return text end
  return (text:gsub("[\128-\255][\128-\191]*", sound))
end
