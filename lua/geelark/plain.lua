-- What came from outside as it may reach a terminal: blanks in the place of control characters, those
-- of Unicode (C1) included.

---@param text any
---@return string
return function(text)
  return (tostring(text):gsub("[^\32-\126\128-\255]", " "):gsub("\194[\128-\159]", " "))
end
