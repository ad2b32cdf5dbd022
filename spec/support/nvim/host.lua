-- Runs the Lua file SCRIPT in a headless Neovim, as a script: what it prints goes to standard
-- output, an error ends Neovim with a status of its own, and deletes come to their end.

function print(...)
  local texts = {}
  for i = 1, select("#", ...) do texts[i] = tostring((select(i, ...))) end
  io.write(table.concat(texts, "\t"), "\n")
end

local ran, why = xpcall(assert(loadfile(SCRIPT)), debug.traceback)
local leaving = package.loaded["geelark.nvim.leaving"]
if ran and leaving and not vim.wait(30000, leaving.none, 5) then
  ran, why = false, "a delete did not come to its end"
end
if ran then vim.cmd "qall!" end
io.stderr:write(tostring(why), "\n")
vim.cmd "cquit"
