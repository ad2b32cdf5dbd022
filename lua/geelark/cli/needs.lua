-- What the command needs and the rest of geelark doesn't, asked for by name where it is missing.

local NEEDED = { -- module, Debian's package, rock
  { "argparse", "lua-argparse", "argparse" },
  { "cqueues", "lua-cqueues", "cqueues" },
  { "term", "lua-term", "lua-term" },
}

local MESSAGE = "geelark: the command needs Lua modules that are missing: %s. What helps on "
  .. "Debian: apt-get install %s; elsewhere: luarocks install %s"

---@return string|nil message nil where nothing is missing
return function()
  local modules, packages, rocks = {}, {}, {}
  for _, needed in ipairs(NEEDED) do
    if not pcall(require, needed[1]) then
      modules[#modules + 1] = needed[1]
      packages[#packages + 1] = needed[2]
      rocks[#rocks + 1] = needed[3]
    end
  end
  if #modules == 0 then return nil end
  return MESSAGE:format(table.concat(modules, ", "), table.concat(packages, " "),
    table.concat(rocks, " "))
end
