#!/bin/sh
# Writes the command `geelark` for one Lua: the first line names that Lua, the next ones where its
# modules are, so that it runs without LUA_PATH.
# Usage: command.sh LUA LUA_FOLDER LIB_FOLDER FILE
set -eu

lua=$(command -v "$1")
case $lua in /*) ;; *) lua=$PWD/$lua ;; esac

# A string of Lua's, whatever is in it.
string() { printf '"%s"' "$(printf '%s' "$1" | sed 's/[\\"]/\\&/g')"; }

{
  echo "#!$lua"
  echo "package.path = $(string "$2/?.lua;") .. package.path"
  echo "package.cpath = $(string "$3/?.so;") .. package.cpath"
  sed 1d lua/geelark/cli/geelark
} >"$4"
chmod 755 "$4"
