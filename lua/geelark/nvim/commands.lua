-- Defines :GeelarkDelete and :GeelarkCancel, once; everything else is loaded when one of them is first
-- used. Neovim runs this file when it starts (plugin/geelark.lua); where the module was installed
-- without plugin/, geelark.nvim does.

if vim.g.loaded_geelark or vim.fn.has "nvim-0.7" == 0 then return end
vim.g.loaded_geelark = 1

vim.api.nvim_create_user_command("GeelarkDelete", function(call)
  require("geelark.nvim.command").delete(call)
end, {
  bang = true, nargs = "*", range = true, -- no bar: a quote before an id would begin a comment
  complete = function(lead, line)
    local offered = vim.startswith("++stop", lead) and not line:find("%s%+%+stop%s")
    return offered and { "++stop" } or {}
  end,
  desc = "Delete the cloud phones whose ids stand in the lines, or are given",
})

vim.api.nvim_create_user_command("GeelarkCancel", function()
  require("geelark.nvim.command").cancel()
end, { bar = true, desc = "Stop the delete that is under way" })

-- The cache of modules that newer Neovims have looks for new folders nowhere but in the main loop.
-- After this, which loads nothing, a script may require the module first in a timer's callback.
if vim.loader then vim.loader.find "geelark.nvim" end
