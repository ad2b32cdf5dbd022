-- Run by busted before the specs: what is loaded here is loaded once, and not anew for each file.
-- A queue or socket of cqueues that is collected while its module is loaded again raises in
-- whatever runs then (lua/geelark/simulator/need.lua).

for _, name in ipairs { "", ".auxlib", ".condition", ".errno", ".signal", ".socket" } do
  require("cqueues" .. name) -- Debian: lua-cqueues
end
