#!/bin/sh
# Installs what is missing on Debian, and says so before; elsewhere says what is needed.
# Usage: deps.sh build LUA | deps.sh test
set -eu

base="gcc make pkg-config libcurl4-openssl-dev libssl-dev lua-cjson lua-cqueues lua-luaossl ca-certificates"

# nginx's Lua module wants libluajit2-5.1-2, so LuaJIT has to be its branch of it.
packages_of() {
  case $1 in
    lua5.1) echo "lua5.1 liblua5.1-0-dev" ;;
    luajit) echo "luajit2 libluajit2-5.1-dev" ;;
    *) echo "$1 lib$1-dev" ;;
  esac
}

case $1 in
  build) wanted="$base $(packages_of "$2")" ;;
  test)
    wanted="$base lua-busted lua-check lua-luv lua-socket lua-argparse lua-term lua-curl
      luarocks valgrind cppcheck nginx libnginx-mod-http-lua neovim openssl curl procps tmux util-linux"
    for lua in lua5.1 lua5.2 lua5.3 lua5.4 luajit; do wanted="$wanted $(packages_of $lua)"; done
    ;;
esac

if ! command -v dpkg-query >/dev/null; then
  echo "This is no Debian system, so that nothing is installed. What is needed, by Debian's names:"
  echo "$(echo $wanted)"
  exit 0
fi

missing=""
for package in $wanted; do
  dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed ||
    missing="$missing $package"
done
[ -n "$missing" ] || exit 0

echo "Installing$missing"
as_root=""
[ "$(id -u)" = 0 ] || as_root="sudo"
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# A package's service (nginx's) must not start on a machine that only wanted the program.
install() {
  $as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y \
    --no-install-recommends $missing >"$log" 2>&1
}
install || { $as_root apt-get update >"$log" 2>&1 && install; } || { cat "$log"; exit 1; }
