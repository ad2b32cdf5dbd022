-- What others do where memory is out, by whose fault and why. Each entry is a pattern of a
-- complaint; what it fits is counted apart, as "not ours".

local entries = {
  { pattern = "^crash 8 at lab%.so%S+ libc%S+ libcurl",
    who = "libcurl 7.88.1",
    why = "divides by zero where a socket's entry in its table finds no memory" },
  { pattern = "^crash 6 at lab%.so%S+ libc%S+ libc%S+ libc%S+ libc%S+ lab%S+ lab%S+ libcurl",
    who = "libcurl 7.88.1",
    why = "frees a TLS session twice that it could not store" },
  { pattern = "^crash 11 at lab%.so%S+ libc%S+ luajit%S+ luajit%S+ luajit%S+ lab%.so%S+ core%.so",
    who = "LuaJIT 2.1.20230119",
    why = "crashes in lua_newstate, where it closes a state that found no memory half-way" },
  { pattern = "bytes of Lua's leak %[asked for by lab%S+ lab%S+ luajit",
    who = "LuaJIT 2.1.20230119",
    why = "loses some bytes of its own where an allocation of its own fails" },
  { pattern = "descriptors leak %[asked for by lab%S+ lab%S+" .. (" luajit%S+"):rep(6),
    who = "LuaJIT 2.1.20230119",
    why = "leaves a file open that it loads, where the name of its chunk finds no memory" },
  { pattern = "^note require$",
    who = "Lua 5.1 and LuaJIT",
    why = "refuse a module whose loading was cut short: 'loop or previous error loading module'; "
      .. "what helps: package.loaded[name] = nil" },
}

local not_ours = { entries = entries }

---@return integer|nil position of the first entry that fits the complaint
function not_ours.find(complaint)
  for position, entry in ipairs(entries) do
    if complaint:find(entry.pattern) then return position end
  end
end

return not_ours
