-- Temporary directories that are gone when the spec is done with them, and also when the
-- spec's process dies, however it dies: each is guarded by a shell that waits on a pipe
-- which only this process holds, and removes the directory when the pipe ends.

local shell = require "spec.support.shell"

local GUARD = "trap '' HUP INT TERM; read -r _; rm -rf %s"

---@class spec.support.Temporary
---@field path string of the directory
local Temporary = {}
Temporary.__index = Temporary

---@param name string of a file in the directory
---@return string path
function Temporary:file(name)
  return self.path .. "/" .. name
end

---@param name string of a file in the directory
---@param content string
---@return string path
function Temporary:write(name, content)
  local file = assert(io.open(self:file(name), "wb"))
  assert(file:write(content))
  assert(file:close())
  return self:file(name)
end

---Removes the directory with all that is in it; it is gone on return. May be repeated.
function Temporary:remove()
  if not self.guard then return end
  -- A line, and not the pipe's end alone: some other child may have inherited the pipe.
  self.guard:write "\n"
  self.guard:close()
  self.guard = nil
end

local temporary = {}

---Makes a directory that nobody else can read.
---@return spec.support.Temporary
function temporary.new()
  local path = shell.run "mktemp -d"
  local guard = assert(io.popen(GUARD:format(shell.quote(path)), "w"))
  return setmetatable({ path = path, guard = guard }, Temporary)
end

return temporary
