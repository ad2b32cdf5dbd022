#!/bin/sh
# Which lines and branches of the C core the specs run, held against spec/torture/uncovered.txt.
# Of some specs alone (coverage.sh spec/x_spec.lua) only the shares are told. The branches that
# were never taken stand in build/coverage/branches.txt.
set -eu
rm -rf build/coverage # what it says of earlier sources and runs
status=0

# Runs specs on a Lua whose core counts. Usage: count LUA SPEC...
count() {
  lua=$1
  shift
  make --no-print-directory -s all LUA="$lua" BUILD="build/coverage/$lua" CFLAGS="-O0 -g --coverage" \
    LDFLAGS=--coverage
  SPECS="$*" sh spec/support/specs.sh "build/coverage/$lua" "$lua" || status=1
}

# All that differs on 5.1 is in compat.h, and that it decodes in a Lua state of its own.
count lua5.4 "$@"
[ $# -gt 0 ] || count lua5.1 spec/decode_spec.lua spec/core_memory_spec.lua spec/interrupt_spec.lua \
  spec/fork_spec.lua spec/leaks_spec.lua spec/handle_spec.lua

for build in build/coverage/lua*; do
  ln -sfn ../../../src "$build/src" # gcov looks for the sources where it runs
  (cd "$build" && find . -name '*.gcno' -exec gcov --preserve-paths --relative-only \
    --branch-probabilities --json-format --stdout {} +)
done >build/coverage/counts.json
list=spec/torture/uncovered.txt
[ $# = 0 ] || list=
lua5.4 spec/support/coverage.lua build/coverage $list || status=1
exit $status
