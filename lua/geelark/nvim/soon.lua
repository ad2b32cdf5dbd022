-- Runs a function now, or as soon as it may: timers, jobs and language servers call back where most
-- of Neovim's functions can't be called.

---@param f fun()
return function(f)
  if vim.in_fast_event() then vim.schedule(f) else f() end
end
