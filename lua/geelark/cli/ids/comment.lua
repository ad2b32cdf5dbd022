-- Whether a comment begins at a place of a text. What a spreadsheet writes for a formula that failed
-- (#N/A, #REF!, #DIV/0!, #NAME?) or that didn't fit its column (########) is none: an id stood there,
-- and passing over it would lose it.

-- #N/A in other languages, which is all that its cell holds: German, then Spanish, Russian and more.
local function is_not_available(cell)
  return cell:find "^NV%s*$" ~= nil or cell:find "^[%u\128-\255]+/[%u\128-\255]+%s*$" ~= nil
end

---@param text string
---@param at integer
---@return boolean
return function(text, at)
  return text:find("^#", at) ~= nil and not text:find("^#N/A", at)
    and not text:find("^#%u[%u%d/]*[!?]", at)
    and not text:find("^##+[,;\t]", at)
    and not is_not_available(text:match("^#([^,;\t\r\n]*)", at))
end
