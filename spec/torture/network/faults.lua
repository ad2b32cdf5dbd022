-- All kinds of fault. How a row is written: see faults/rows.lua.

local list = {}

for _, name in ipairs { "endings", "framing", "json", "meaning", "connections", "tls" } do
  for _, row in ipairs(require("spec.torture.network.faults." .. name)) do list[#list + 1] = row end
end

return list
