#!/bin/sh
# Writes the command `geelark` for one Lua: the first lines name that Lua, the next ones where its
# modules are, so that it runs without LUA_PATH.
# Usage: command.sh LUA LUA_FOLDER LIB_FOLDER FILE
set -eu

lua=$(command -v "$1")

# From any folder: also where make was given a path that begins in this one.
absolute() { case $1 in /*) printf '%s' "$1" ;; *) printf '%s' "$PWD/$1" ;; esac; }

# A string of Lua's, whatever is in it.
string() { printf '"%s"' "$(printf '%s' "$1" | sed 's/[\\"]/\\&/g')"; }

# What makes a file a program of this Lua. A first line that names it ends its name at a blank: there
# a shell starts it, by lines that are a text to Lua.
start() {
  case $1 in
    *[[:space:]]*) printf '#!/bin/sh\n_=[[\nexec %s "$0" "$@"\n]]\n' "$(string "$1")" ;;
    *) printf '#!%s\n' "$1" ;;
  esac
}

{
  start "$(absolute "$lua")"
  echo "package.path = $(string "$(absolute "$2")/?.lua;") .. package.path"
  echo "package.cpath = $(string "$(absolute "$3")/?.so;") .. package.cpath"
  sed 1d lua/geelark/cli/geelark
} >"$4"
chmod 755 "$4"
