#!/bin/sh
# The specs, and SEEDS=1000 simulated worlds, on a strict Lua (strict_lua.sh), with the core built
# for AddressSanitizer.
set -eu
sh spec/support/strict_lua.sh
make --no-print-directory -s all LUA=lua5.4 # for the programs
make --no-print-directory -s all LUA=lua5.4 BUILD=build/strict/core \
  CFLAGS="-O1 -g -fno-omit-frame-pointer -fsanitize=address"

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
lua=$PWD/build/strict/lua5.4

# Reports of whatever process go to files, those of failed assertions, too. What other modules keep
# for the whole process is looked at by make sanitize.
export ASAN_OPTIONS=detect_leaks=0:handle_abort=1:quarantine_size_mb=1:log_path="$folder/report"

# That it is strict: what a C function has let go of is collected, and a wrong call ends it.
cat >"$folder/wrong.c" <<'C'
#include <lua.h>
int luaopen_wrong(lua_State *L) { lua_settop(L, -9); return 0; }
C
cc -shared -fPIC $(pkg-config --cflags lua5.4) -o "$folder/wrong.so" "$folder/wrong.c"
"$lua" -e 'local weak = setmetatable({ {} }, { __mode = "v" }); ("x"):rep(100) assert(not weak[1])'
if "$lua" -e "package.loadlib('$folder/wrong.so', 'luaopen_wrong')()" 2>/dev/null; then
  echo "build/strict/lua5.4 lets a wrong call pass" >&2
  exit 1
fi
grep -q "Assertion\|SIGABRT\|ABRT" "$folder"/report* || {
  echo "what ends build/strict/lua5.4 is not reported" >&2
  exit 1
}
rm -f "$folder"/report*

# Not those of the tree's files, of other programs that run the core or begin with a library of their
# own (faketime), which build mutants, which read all memory of their process, the sanitizer's as well,
# which ask for so much that they would take minutes here, or for a Lua that needs no memory for a
# call once its stack is large enough.
others='/(layout|structure|types|coverage|readme|ngx|nvim|build|rock|demo|limiter_redis|simulation|torture'
others="$others|wiped|closing|gate|loop|read_ids|traces|quota_contract)_"
status=0
GEELARK_SPEC_RESULTS="$folder/results" \
  SPECS="${*:-$(ls spec/*_spec.lua spec/journal/*_spec.lua | grep -Ev "$others")}" \
  sh spec/support/specs.sh build/strict/core "$lua" || status=1
worlds="no worlds"
if [ $# = 0 ]; then
  worlds=$(LUA_PATH="lua/?.lua;lua/?/init.lua;./?.lua;;" LUA_CPATH="build/strict/core/?.so;;" \
    "$lua" spec/simulation.lua "${SEEDS:-1000}") || status=1
fi
cat "$folder"/report* 2>/dev/null && status=1
read -r passed failed <"$folder/results" || {
  echo "the specs did not come to their end"
  exit 1
}
echo "strict: $passed specs passed, $failed failed; $worlds; Lua $(cat build/strict/version)"
exit $status
