#!/bin/sh
# The whole spec run under the address and undefined behaviour sanitizers, whose libraries have
# to be loaded before Lua itself is. What they are kept from seeing isn't ours:
# - Programs that the specs start don't inherit the libraries, but for another Lua: what is about
#   nginx, Neovim or a build of its own is left out.
# - luaossl keeps something made by libcrypto for the whole process, in its own data. As long as
#   its module isn't unloaded, that is no leak.
# - The quota in Redis is tried under libfaketime, and that and the sanitizers' libraries keep each
#   other waiting for ever.
# - wiped_spec reads all memory of its process, and loop_leaks_spec measures it: the sanitizers' own
#   as well.
# - sanitize.supp names the rest.
set -eu
elsewhere='^spec/(build|coverage|layout|limiter_redis|loop_leaks|ngx|nvim|rock|structure)_'
elsewhere="$elsewhere|^spec/(torture_memory|wiped)_"
specs=${*:-$(find spec -name "*_spec.lua" | grep -vE "$elsewhere")}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

make --no-print-directory -s all LUA=lua5.4 # for the programs
make --no-print-directory -s all LUA=lua5.4 BUILD=build/sanitize CFLAGS="-O1 -g \
  -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined"

cat >"$folder/apart.c" <<'C'
#include <stdlib.h>
__attribute__((constructor)) static void leave_programs_alone(void) { unsetenv("LD_PRELOAD"); }
int dlclose(void *module) { return module ? 0 : -1; }
C
cc -shared -fPIC -o "$folder/apart.so" "$folder/apart.c"

# Stands in for the interpreter, and is what the specs start again.
libraries=$(cc -print-file-name=libasan.so):$(cc -print-file-name=libubsan.so):$folder/apart.so
cat >"$folder/lua5.4" <<SH
#!/bin/bash
LD_PRELOAD=$libraries exec -a "\$0" lua5.4 "\$@"
SH
chmod +x "$folder/lua5.4"

# Reports of whatever process go to files. Freed memory is held back a little only, for the
# specs that look at how much is in use.
status=0
ASAN_OPTIONS=log_path="$folder/report":quarantine_size_mb=1 \
  LSAN_OPTIONS=suppressions="'$PWD/spec/support/sanitize.supp'":print_suppressions=0 \
  UBSAN_OPTIONS=print_stacktrace=1 \
  SPECS=$specs sh spec/support/specs.sh build/sanitize "$folder/lua5.4" || status=1
cat "$folder"/report* 2>/dev/null && status=1
exit $status
