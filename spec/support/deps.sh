#!/bin/sh
# Installs what is missing on Debian, and says so before; elsewhere says what is needed.
# Usage: deps.sh build LUA | deps.sh test
set -eu

BASE="gcc make pkg-config libcurl4-openssl-dev libssl-dev lua-cjson lua-argparse lua-cqueues
  lua-luaossl lua-term ca-certificates"
TEST="lua-busted lua-check lua-luv lua-socket lua-curl luarocks valgrind cppcheck clang-format
  clang libclang-rt-dev nginx libnginx-mod-http-lua neovim openssl curl util-linux git
  lua-dbi-sqlite3 sqlite3 lua-redis redis-server faketime dpkg-dev"

# The Lua that a name or path stands for: what it says itself, else what it is called.
version_of() {
  "$1" -v 2>&1 | sed -n 's/^\(LuaJIT\).*/\1/p; s/^Lua \(5\.[0-9]\).*/\1/p' | grep . && return
  case ${1##*/} in
    *jit*) echo LuaJIT ;;
    *5[1-5] | *5[.-][1-5]) echo "5.${1#"${1%?}"}" ;;
    lua) echo 5.4 ;;
  esac
}

# With a bar between them: two names of one thing, the better one first. Debian 13 has LuaJIT
# under the second name alone; where there are both, nginx's Lua module wants the first.
packages_of() {
  version=$(version_of "$1")
  case $version in
    LuaJIT) echo "luajit2|luajit libluajit2-5.1-dev|libluajit-5.1-dev" ;;
    5.1) echo "lua5.1 liblua5.1-0-dev" ;;
    "") echo "$1 is no Lua that is known. Those are: lua5.1 to lua5.5, luajit." >&2 && return 1 ;;
    *) echo "lua$version liblua$version-dev" ;;
  esac
}

kind=$1
shift
wanted=$BASE
if [ "$kind" = test ]; then
  wanted="$BASE $TEST"
  set -- lua5.1 lua5.2 lua5.3 lua5.4 luajit
fi
for lua in "$@"; do
  packages=$(packages_of "$lua")
  wanted="$wanted $packages"
done

if ! command -v dpkg-query >/dev/null; then
  echo "This is no Debian system, so nothing is installed. What is needed, by Debian's names:"
  echo $wanted | sed 's/|/ or /g'
  exit 0
fi

is_installed() { dpkg-query -W -f '${db:Status-Status}\n' "$1" 2>/dev/null | grep -qx installed; }
is_known() { apt-cache policy "$1" | grep -q 'Candidate: [^(]'; }

# Of two names the one that this release has; the first before its lists were ever fetched.
choose() {
  if ! is_known "${1%|*}" && is_known "${1#*|}"; then echo "${1#*|}"; else echo "${1%|*}"; fi
}

find_missing() {
  missing=""
  for names in $wanted; do
    package=$names
    [ "${names#*|}" = "$names" ] || package=$(choose "$names")
    is_installed "$package" || missing="$missing $package"
  done
}

find_missing
[ -n "$missing" ] || exit 0

APT="apt-get install -y --no-install-recommends"
as_root=""
if [ "$(id -u)" != 0 ]; then
  as_root=sudo
  if ! command -v sudo >/dev/null; then
    echo "Packages are missing, and installing takes root or sudo. The command for an administrator:"
    echo "  apt-get update && $APT$missing"
    exit 1
  fi
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT

# A package's service (nginx's) must not start on a machine that only wanted the program.
install() {
  find_missing
  echo "Installing$missing"
  $as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 $APT $missing >"$log" 2>&1
}

install || { $as_root apt-get update >"$log" 2>&1 && install; } || {
  cat "$log"
  echo "This failed: $as_root $APT$missing"
  exit 1
}
