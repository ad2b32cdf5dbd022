#!/bin/sh
# Builds, as build/strict/lua5.4, a Lua that finds what a C module does wrong, from Debian's
# source package of the version that is installed: its own assertions and the checks of its API
# are on; its stack moves wherever it may; wherever the API lets the collector run, the collector
# does (the young generation, which is where a value is that nobody holds yet; all of the heap
# each time would take hours); and its memory is AddressSanitizer's, which sees the use of what
# was collected.
set -eu
folder=build/strict
mkdir -p $folder/lists/partial

needed() {
  echo "make strict can't have Lua's source: $1"
  echo "It wants Debian, whose source package lua5.4 it fetches with apt-get. $2"
  exit 1
} >&2

for program in apt-get apt-cache dpkg-source; do
  command -v $program >/dev/null || needed "$program isn't there." "On Debian: apt-get install dpkg-dev"
done
version=$(dpkg-query -W -f '${Version}' lua5.4)
[ "$(cat $folder/version 2>/dev/null)" != "$version" ] || exit 0

# Sources come from where the packages come from. Most machines list packages alone, so apt is
# given a list of our own, in this folder; the machine's stay as they are.
apt-cache madison lua5.4 | awk -v version="$version" '
  $3 == version && /Packages$/ { sub("/", " ", $6); print "deb-src", $5, $6 }' | sort -u >$folder/sources.list
[ -s $folder/sources.list ] || needed "apt knows no repository that has lua5.4 $version." "What helps: apt-get update"

(
  cd $folder
  rm -rf lua lua5.4_*
  set -- -qq -o Dir::Etc::sourcelist="$PWD/sources.list" -o Dir::Etc::sourceparts=/dev/null \
    -o Dir::State::lists="$PWD/lists" -o Dir::Cache="$PWD" -o APT::Sandbox::User=
  apt-get "$@" update && apt-get "$@" source --download-only "lua5.4=$version" &&
    dpkg-source -x lua5.4_*.dsc lua
) >$folder/log 2>&1 || needed "$(cat $folder/log)" "Is the network there?"

# In llimits.h: what happens, under HARDMEMTESTS, wherever the collector may run. The interpreter's
# collector is generational; the states that specs make for failing allocations are left alone.
often='if (gcrunning(G(L))) { pre; luaC_fullgc(L, 0); pos; }'
grep -qF "$often" $folder/lua/src/llimits.h || needed "llimits.h has no: $often" \
  "This Lua is another than 5.4.4 to 5.4.7; spec/support/strict_lua.sh has to learn it."
sed -i 's/if (gcrunning(G(L))) { pre; luaC_fullgc(L, 0); pos; }/if (gcrunning(G(L)) \&\& G(L)->gckind == KGC_GEN) { pre; luaC_step(L); pos; }/' \
  $folder/lua/src/llimits.h

# A fault of Lua 5.4.4's own, mended in 5.4.5: where a __concat has moved the stack, it goes on in
# the old one.
sed -i 's/L->top = top - (n - 1);/L->top -= n - 1;/' $folder/lua/src/lvm.c

# lvm.c is what runs Lua code, whose values are all on its stack.
cd $folder/lua/src
compile() {
  cc -std=gnu99 -O1 -g -fno-omit-frame-pointer -DLUA_COMPAT_5_3 -DLUA_USE_LINUX \
    -DDEB_HOST_MULTIARCH="\"$(dpkg-architecture -q DEB_HOST_MULTIARCH)\"" \
    -DLUAI_ASSERT -DLUA_USE_APICHECK -DHARDSTACKTESTS "$@"
}
rm luac.c
mv lvm.c ..
compile -I. -c -o ../lvm.o ../lvm.c
compile -DHARDMEMTESTS -fsanitize=address -Wl,-E -o ../../lua5.4 ./*.c ../lvm.o -lm -ldl
cd - >/dev/null
echo "$version" >$folder/version
