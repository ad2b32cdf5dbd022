-- Leaves no standard stream closed: what is opened next, a socket or a journal, would take its place
-- and get what is written to it. Loaded first, and held as long as the process runs.

local held = {}
for i = 1, 3 do held[i] = io.open("/dev/null", "r+") end
return held
