-- What the annotations of the module's files say, for specs that hold them to what there is: the
-- classes with their fields and methods, the aliases, and each type that is named somewhere.

local shell = require "spec.support.shell"

---@class spec.support.Class
---@field fields table<string, boolean> whether each may be left out
---@field methods table<string, boolean> functions that stand in the file, with "." or ":"

local function new_class()
  return { fields = {}, methods = {} }
end

-- Reads a file's lines into `known`. `holders` are the locals that stand below a class, whose methods
-- are its own.
local function read(path, known)
  local class, above, holders = nil, nil, {}
  for line in io.lines(path) do
    local name = line:match "^%-%-%-@class ([%w._]+)"
    local alias = line:match "^%-%-%-@alias ([%w._]+)"
    local field, optional, kind = line:match "^%-%-%-@field ([%w_]+)(%??)%s+(.*)"
    local holder, method = line:match "^function ([%w_]+)[.:]([%w_]+)%("
    if name then
      class, above = name, known.classes[name] or new_class()
      known.classes[class] = above
      known.defined[name] = (known.defined[name] or 0) + 1
    elseif alias then
      known.defined[alias] = (known.defined[alias] or 0) + 1
    elseif field then
      known.classes[class].fields[field] = optional == "?" or kind:find "^[^#%s]*|nil" ~= nil
    elseif line:find "^local [%w_]+ = " and above then
      holders[line:match "^local ([%w_]+)"] = above
      above = nil
    elseif holder and holders[holder] and not method:find "^__" then
      holders[holder].methods[method] = true
    end
    if line:find "^%-%-%-[@|]" then
      for used in line:gsub("#.*", ""):gmatch "geelark%.[%w._]*%w" do
        if used:find "%f[%w]%u%w*$" then known.used[used] = path end -- else a function, in words
      end
    end
  end
end

local annotations = {}

---@return { classes: table<string, spec.support.Class>, defined: table<string, integer>, used: table<string, string> }
---  `defined`: how often, `used`: in which file
function annotations.read()
  local known = { classes = {}, defined = {}, used = {} }
  for path in shell.run("find lua -name '*.lua' | sort"):gmatch "[^\n]+" do read(path, known) end
  return known
end

return annotations
