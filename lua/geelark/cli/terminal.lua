-- The terminal: whether there is one, how wide it is, what it can show; and text that fits it.

local plain = require "geelark.plain"
local term = require "term"
local utf8 = require "geelark.cli.utf8"

local DEFAULT, LEAST = 80, 20 -- columns

local terminal = {}

---@param file file*
---@return boolean
function terminal.is(file)
  return os.getenv "TERM" ~= "dumb" and term.isatty(file)
end

---@return integer columns of the terminal, of 80 where there is none
function terminal.columns()
  local pipe = io.popen "stty size 2>/dev/null </dev/tty"
  local size = pipe and pipe:read "*a" or ""
  if pipe then pipe:close() end
  local columns = tonumber(size:match "^%d+ (%d+)")
  return columns and columns > 0 and math.max(columns, LEAST) or DEFAULT
end

---@param file file* that is written to
---@return fun(colour: string, text: string): string
function terminal.painter(file)
  local colourful = terminal.is(file) and (os.getenv "NO_COLOR" or "") == ""
  return function(colour, text)
    return colourful and term.colors[colour](text) or text
  end
end

---@return boolean whether it shows more than ASCII
function terminal.draws_blocks()
  for _, name in ipairs { "LC_ALL", "LC_CTYPE", "LANG" } do
    local locale = os.getenv(name) or ""
    if locale ~= "" then return locale:upper():find "UTF%-?8" ~= nil end
  end
  return false
end

--- No control character of what came from outside, and nothing that isn't UTF-8.
---@param text string
---@return string
function terminal.plain(text)
  return utf8(plain(text))
end

--- Columns that a text takes, colours aside: Chinese letters take two.
---@param text string in UTF-8
---@return integer
function terminal.width(text)
  local bare = text:gsub("\27%[%d*m", "")
  local _, letters = bare:gsub("[^\128-\191]", "")
  local _, wide = bare:gsub("[\228-\233][\128-\191][\128-\191]", "")
  return letters + wide
end

--- Breaks a text between words. A line that begins with blanks keeps them before what follows it.
---@param text string
---@param columns integer
---@return string
function terminal.wrap(text, columns)
  local lines = {}
  for given in (text .. "\n"):gmatch "([^\n]*)\n" do
    local indent, line = given:match "^ *", nil
    for word in given:gmatch "%S+" do
      if line and terminal.width(line) + 1 + terminal.width(word) > columns then
        lines[#lines + 1] = line
        line = nil
      end
      line = line and line .. " " .. word or indent .. word
    end
    lines[#lines + 1] = line or ""
  end
  return table.concat(lines, "\n")
end

--- Writes to standard error, where it is a terminal broken between words.
---@param text string
function terminal.say(text)
  if terminal.is(io.stderr) then text = terminal.wrap(text, terminal.columns() - 1) end
  io.stderr:write(text, "\n")
end

return terminal
