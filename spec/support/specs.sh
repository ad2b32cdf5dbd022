#!/bin/sh
# The specs (SPECS: some of them) with the tree's modules, on what is built in a folder.
# Usage: specs.sh BUILD COMMAND..., the command being a Lua, or what runs one.
set -eu
build=$1
shift

busted=$(command -v busted) || {
  echo "busted, which runs the specs, is missing. What helps: make test-deps" >&2
  exit 1
}

# The specs' servers are on this machine, and builds of theirs have variables of their own.
unset http_proxy https_proxy HTTPS_PROXY all_proxy ALL_PROXY no_proxy NO_PROXY MAKEFLAGS
LUA_PATH="lua/?.lua;lua/?/init.lua;./?.lua;;" LUA_CPATH="$build/?.so;;" \
  exec "$@" "$busted" ${SPECS:-spec}
