-- Loads a module that the simulator needs and the rest of geelark does not. One that is
-- missing is an error that says which Debian package holds it.

---@param name string module to load
---@param package string Debian package that holds it
---@return any module
local function need(name, package)
  local found, module = pcall(require, name)
  if not found then
    error(("the simulator needs the module %s; on Debian: apt-get install %s\n%s")
      :format(name, package, tostring(module)), 0)
  end
  return module
end

return need
