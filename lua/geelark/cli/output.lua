-- Standard output for results: gathered to large writes, and what goes wrong with them is kept for
-- the end, so that a reader that has gone or a full disk loses nothing else.

local EPIPE = require("cqueues.errno").EPIPE

local LARGE = 65536 -- bytes

---@class geelark.cli.Output
---@field parts string[]
---@field size integer bytes in them
---@field trouble string|nil
---@field closed boolean|nil whether the reader has gone
local Output = {}
Output.__index = Output

local function keep_trouble(self, done, why, number)
  if done or self.trouble then return end
  self.trouble, self.closed = why, number == EPIPE
end

local function flush(self)
  if self.size > 0 and not self.trouble then
    keep_trouble(self, io.stdout:write(table.concat(self.parts)))
    keep_trouble(self, io.stdout:flush())
  end
  self.parts, self.size = {}, 0
end

---@param text string
function Output:write(text)
  self.parts[#self.parts + 1] = text
  self.size = self.size + #text
  if self.size >= LARGE then flush(self) end
end

--- Writes what is left.
---@return string|nil trouble nil also where the reader wanted no more
function Output:finish()
  flush(self)
  return not self.closed and self.trouble or nil
end

---@return geelark.cli.Output
return function()
  return setmetatable({ parts = {}, size = 0 }, Output)
end
