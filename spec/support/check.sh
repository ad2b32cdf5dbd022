#!/bin/sh
# Everything about the code that can be checked without running it.
# Usage: check.sh LUA...
set -eu

echo "luacheck"
luacheck -q lua plugin spec

for lua in "$@"; do
  echo "warnings, $lua"
  make --no-print-directory -s all LUA="$lua" BUILD=build/check-"$lua" CFLAGS="-O2 -Werror"
done

echo "exported symbols, however it is built"
cc -O2 -fPIC -shared -D_GNU_SOURCE $(pkg-config --cflags lua5.4) -o build/check-lua5.4/plain.so \
  $(find src -name '*.c')
for built in geelark/core.so plain.so; do
  exported=$(nm -D --defined-only "build/check-lua5.4/$built" | awk '$2 != "r" { print $3 }')
  [ "$exported" = luaopen_geelark_core ] || { echo "$built exports: $exported"; exit 1; }
done

echo "cppcheck"
cppcheck -q --std=c99 --error-exitcode=1 --inline-suppr --suppress=missingIncludeSystem \
  --suppress=normalCheckLevelMaxBranches \
  --enable=warning,performance,portability src

echo "structure"
lua5.4 spec/support/structure.lua

echo "format"
changed=$(for file in $(find src spec -name '*.[ch]'); do
  clang-format "$file" | cmp -s - "$file" || echo "make format would change $file"
done)
[ -z "$changed" ] || { echo "$changed"; exit 1; }

echo "rockspec"
luarocks lint geelark-scm-1.rockspec
