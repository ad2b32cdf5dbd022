-- Whether a comment begins at a place of a text. What a spreadsheet writes for a formula that failed
-- (#N/A, #REF!, #DIV/0!, #NAME?) is none: an id stood there, and passing over it would lose it.

---@param text string
---@param at integer
---@return boolean
return function(text, at)
  return text:find("^#", at) ~= nil and not text:find("^#N/A", at)
    and not text:find("^#%u[%u%d/]*[!?]", at)
end
