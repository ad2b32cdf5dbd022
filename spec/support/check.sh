#!/bin/sh
# Everything about the code that can be checked without running it.
# Usage: check.sh WARNINGS LUA...
set -eu
warnings=$1
shift

echo "luacheck"
luacheck -q lua spec

for lua in "$@"; do
  echo "warnings, $lua"
  make --no-print-directory -s all LUA="$lua" MUTATION= BUILD=build/check-"$lua" CFLAGS="-O2 -Werror"
done

echo "exported symbols"
exported=$(nm -D --defined-only build/check-lua5.4/geelark/core.so | awk '$2 == "T" { print $3 }')
[ "$exported" = luaopen_geelark_core ] || { echo "exports: $exported"; exit 1; }

echo "cppcheck"
cppcheck -q --std=c99 --error-exitcode=1 --inline-suppr --suppress=missingIncludeSystem \
  --enable=warning,performance,portability src

echo "includes"
lua5.4 spec/support/includes.lua

echo "rockspec"
luarocks lint geelark-scm-1.rockspec
