-- Loads a module that the simulator needs and the rest of geelark does not. One that is
-- missing is an error that says which Debian package holds it.

---@param name string module to load
---@param debian string package of Debian that holds it
---@return any module
local function need(name, debian)
  -- busted has each file of specs load its modules anew. cqueues' metatables are half made
  -- meanwhile, and a queue of the load before, collected just then, raises in whatever runs.
  if name:find "^cqueues" and not package.loaded[name] then collectgarbage() end
  local found, module = pcall(require, name)
  if not found then
    error(("the simulator needs the module %s; on Debian: apt-get install %s\n%s")
      :format(name, debian, tostring(module)), 0)
  end
  return module
end

return need
