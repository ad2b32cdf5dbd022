-- From now on a global that isn't declared is an error in this process, read or written.

local function refuse(_, name)
  error("global that isn't declared: " .. tostring(name), 2)
end

setmetatable(_G, { __index = refuse, __newindex = refuse })
