-- Writes results to standard output, and says what kept them from there.

local new_output = require "geelark.cli.output"
local status = require "geelark.cli.status"
local terminal = require "geelark.cli.terminal"

---@param write fun(output: geelark.cli.Output)
---@param ended integer the exit status so far
---@return integer ended
---@return boolean written false where something is missing from them
return function(write, ended)
  local output = new_output()
  write(output)
  local trouble = output:finish()
  if not trouble then return ended, true end
  terminal.say("geelark: the results can't be written: " .. trouble)
  return ended == status.DONE and status.USAGE or ended, false
end
