#!/bin/sh
# The specs on a strict Lua (strict_lua.sh), the core being built with AddressSanitizer, and some
# simulated worlds. Left out are the specs in which another program runs the core: nginx,
# Neovim, a Lua that LuaRocks or make starts. The Lua comes first to whatever is wrong: a report
# of AddressSanitizer's tells where, of assertions, too.
set -eu
sh spec/support/strict_lua.sh
make --no-print-directory -s all LUA=lua5.4 BUILD=build/strict/core CFLAGS="-O1 -g \
  -fno-omit-frame-pointer -fsanitize=address"

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
lua=$PWD/build/strict/lua5.4
# What other modules keep for the whole process is looked at by make sanitize.
export ASAN_OPTIONS=detect_leaks=0:handle_abort=1:quarantine_size_mb=1:log_path="$folder/report"

# That it is strict: it collects what a C function has let go of, and stops at a wrong call.
echo 'int luaopen_wrong(void *L) { extern void lua_settop(void *, int); lua_settop(L, -9); return 0; }' >"$folder/wrong.c"
cc -shared -fPIC -o "$folder/wrong.so" "$folder/wrong.c"
"$lua" -e 'local weak = setmetatable({ {} }, { __mode = "v" }); ("x"):rep(100); assert(not weak[1])'
! "$lua" -e "package.loadlib('$folder/wrong.so', 'luaopen_wrong')()" 2>/dev/null || exit 1
rm -f "$folder"/report*

specs=${*:-$(ls spec/*_spec.lua | grep -Ev '/(ngx|nvim|build|rock|layout|structure|simulation)_')}
status=0
GEELARK_SPEC_RESULTS="$folder/results" SPECS="$specs" \
  sh spec/support/specs.sh build/strict/core "$lua" || status=1
cat "$folder"/report* 2>/dev/null && status=1
read -r passed failed <"$folder/results" || { echo "the specs did not come to their end"; exit 1; }
echo "strict: $passed specs passed, $failed failed, on a Lua $(cat build/strict/version) with its assertions"
exit $status
