#!/bin/sh
# What is broken on purpose: the parts of spec/torture/ that there are, or ONLY= one of them, on each
# Lua that is named. Each part says one line of figures and what it takes (ROUNDS=, CASE=) itself.
# Usage: torture.sh LUA...
set -eu
parts=${ONLY:-network memory disk}

# The servers are on this machine.
unset http_proxy https_proxy HTTPS_PROXY all_proxy ALL_PROXY no_proxy NO_PROXY MAKEFLAGS

for lua in "$@"; do make --no-print-directory -s all LUA="$lua"; done

found=0
for part in $parts; do
  if [ ! -f "spec/torture/$part.lua" ]; then
    [ -z "${ONLY:-}" ] && continue
    echo "there is no part $part in spec/torture/" >&2
    exit 1
  fi
  for lua in "$@"; do
    echo "$part, $lua"
    build=build/$(echo "$lua" | tr '/ ' __)
    LUA_PATH="lua/?.lua;lua/?/init.lua;./?.lua;;" LUA_CPATH="$build/?.so;;" \
      "$lua" "spec/torture/$part.lua" || found=1
  done
done
exit "$found"
