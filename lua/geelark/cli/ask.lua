-- Asks a question on the terminal that the process belongs to, wherever its standard streams lead.

local terminal = require "geelark.cli.terminal"

local YES = { y = true, yes = true }

---@param question string
---@return boolean|nil agreed nil where there is no terminal to ask on
return function(question)
  local output = io.open("/dev/tty", "w")
  local input = output and io.open "/dev/tty"
  if not input then return nil end
  local paint = terminal.painter(output)
  output:write(paint("bright", terminal.wrap(question .. " [y/N]", terminal.columns() - 1)), " ")
  output:flush()
  local answer = input:read "*l"
  if not answer then output:write "\n" end -- the end of input leaves the cursor where it was
  input:close()
  output:close()
  return YES[(answer or ""):lower():match "^%s*(.-)%s*$"] or false
end
