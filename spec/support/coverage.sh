#!/bin/sh
# Which share of each C source's lines the specs run on Lua 5.4, and the total. The lines that
# none ran are marked ##### in build/coverage/*.gcov.
set -eu
rm -rf build/coverage # what it says of earlier sources and runs
make --no-print-directory -s all LUA=lua5.4 BUILD=build/coverage CFLAGS="-O0 -g --coverage" \
  LDFLAGS=--coverage

status=0
SPECS="$*" sh spec/support/specs.sh build/coverage lua5.4 || status=1

# gcov says of each file: File 'src/ids.c', then: Lines executed:97.12% of 139
ln -sfn ../../src build/coverage/src # it looks for the sources where it runs
cd build/coverage
find . -name '*.gcno' -exec gcov --preserve-paths --relative-only {} + | awk -F "[':% ]" '
  /^File/ { file = $3 }
  /^Lines executed/ && file ~ /[.]c$/ {
    row[file] = sprintf("%6.1f %% of %5d lines  %s", $3, $NF, file)
    lines += $NF
    run += $3 / 100 * $NF
    file = ""
  }
  END {
    for (file in row) print row[file] | "sort -k 6"
    close("sort -k 6")
    printf "%6.1f %% of %5d lines in all\n", 100 * run / lines, lines
  }'
exit $status
