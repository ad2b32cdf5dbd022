-- What `luarocks test` runs: the specs on the Lua of LuaRocks, or those that are named:
-- luarocks test -- spec/ids_spec.lua

local shell = require "spec.support.shell"

local command = ("SPECS=%s make test LUA=%s"):format(shell.quote(table.concat(arg, " ")),
  shell.quote(shell.lua_name()))
local status = os.execute(command)
os.exit((status == true or status == 0) and 0 or 1)
