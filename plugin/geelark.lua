-- Neovim reads this file when it starts. It runs the one that defines the commands, as a script and
-- not as a module: so nothing of geelark is loaded yet.

vim.cmd "runtime lua/geelark/nvim/commands.lua"
