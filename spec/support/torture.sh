#!/bin/sh
# What is broken on purpose: the parts of spec/torture/ that there are, or ONLY= one of them, on each
# Lua that is named. Each part says one line of figures and what it takes (ROUNDS=, CASE=) itself.
# The part "memory" builds cores of its own and runs once, for all Luas. No LUA: those that differ in
# what a part tries.
# Usage: torture.sh [LUA...]
set -eu
parts=${ONLY:-network memory disk}

# The servers are on this machine.
unset http_proxy https_proxy HTTPS_PROXY all_proxy ALL_PROXY no_proxy NO_PROXY MAKEFLAGS

# Syncing to a disk is not what is tried here.
[ ! -w /dev/shm ] || export TMPDIR=/dev/shm

luas=${*:-lua5.4 luajit}
for lua in $luas; do make --no-print-directory -s all LUA="$lua"; done

found=0
for part in $parts; do
  if [ ! -f "spec/torture/$part.lua" ]; then
    [ -z "${ONLY:-}" ] && continue
    echo "there is no part $part in spec/torture/" >&2
    exit 1
  fi
  if [ "$part" = memory ]; then
    echo memory
    LUAS="${*:-lua5.1 lua5.4 luajit}" LUA_PATH="./?.lua;;" "${luas%% *}" spec/torture/memory.lua ||
      found=1
    continue
  fi
  for lua in $luas; do
    echo "$part, $lua"
    build=build/$(echo "$lua" | tr '/ ' __)
    LUA_PATH="lua/?.lua;lua/?/init.lua;./?.lua;;" LUA_CPATH="$build/?.so;;" \
      "$lua" "spec/torture/$part.lua" || found=1
  done
done
exit "$found"
