-- Puts into 'runtimepath' what Neovim itself reads of the tree. Not all of the tree: a core that
-- `make nvim` may have left in the clone would be found before the one in build/.

local uv = vim.uv or vim.loop

local tree = debug.getinfo(1, "S").source:match "^@(.*)/spec/support/nvim/"
local runtime = vim.fn.getcwd() .. "/runtime"

vim.fn.mkdir(runtime .. "/lua/geelark", "p")
for _, path in ipairs { "plugin", "lua/geelark/health.lua", "lua/geelark/nvim" } do
  assert(uv.fs_symlink(tree .. "/" .. path, runtime .. "/" .. path))
end
vim.opt.runtimepath:append(runtime)
