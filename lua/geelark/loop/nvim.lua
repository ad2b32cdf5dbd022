-- The first name of geelark.nvim, which scripts go on using.
return require "geelark.nvim"
