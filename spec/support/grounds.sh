#!/bin/sh
# The module on other grounds than Debian's default: built by clang, on libcurl with GnuTLS, and for
# musl, for which Debian has no such libraries, so that it is compiled and linked alone.
# Usage: grounds.sh [clang | gnutls | musl]...; SPECS names some specs instead of all. The simulation's
# mutations are left out: they build the engine, which is the same, again and again. Specs of nginx and
# Neovim build for LuaJIT by themselves: on GnuTLS, too, but by the compiler that is the default.
set -eu
here=$PWD/build/grounds
mkdir -p "$here"

# Those that were asked for, or all that don't have one of these names.
specs() { echo "${SPECS:-$(find spec -name '*_spec.lua' "$@" ! -name simulation_spec.lua | sort)}" | tr '\n' ' '; }

need() {
  command -v "$1" >/dev/null || { echo "missing ($1): apt-get install $2"; exit 1; }
}

run() { make --no-print-directory "$@" LUA=lua5.4; }

clang() {
  need clang clang
  for lua in lua5.1 lua5.4 luajit; do
    make --no-print-directory -s all LUA=$lua CC=clang BUILD="$here/clang/$lua" CFLAGS='-O2 -Werror'
  done
  SPECS=$(specs ! -name 'n[gv]*') run -s specs CC=clang BUILD="$here/clang/lua5.4" CFLAGS='-O2 -Werror'
}

# The package takes the place of the one with OpenSSL, so it is unpacked beside it.
unpack_gnutls() {
  folder=$here/gnutls
  [ -e "$folder/unpacked" ] || (
    rm -rf "$folder" && mkdir -p "$folder" && cd "$folder"
    apt-get download -qq libcurl4-gnutls-dev \
      "$(apt-cache depends libcurl4-gnutls-dev | sed -n 's/.*Depends: \(libcurl3.*-gnutls\)$/\1/p')"
    for package in *.deb; do dpkg-deb -x "$package" .; done
    touch unpacked
  )
  libraries=$(dirname "$(find "$folder" -name libcurl-gnutls.so)")
  sed -i "s|^prefix=.*|prefix=$folder/usr|; s|^includedir=/usr|includedir=\${prefix}|" \
    "$libraries/pkgconfig/libcurl.pc"
}

gnutls() {
  unpack_gnutls
  export PKG_CONFIG_PATH="$libraries/pkgconfig"
  run -s all BUILD="$folder/lua5.4" LDFLAGS="-Wl,-rpath,$libraries"
  LUA_PATH="lua/?.lua;;" LUA_CPATH="$folder/lua5.4/?.so;;" lua5.4 -e '
    local core = require "geelark.core"
    local linked = io.popen("ldd " .. package.searchpath("geelark.core", package.cpath)):read "*a"
    assert(core and linked:find "libcurl%-gnutls", linked)'
  SPECS=$(specs) run -s specs BUILD="$folder/lua5.4" LDFLAGS="-Wl,-rpath,$libraries"
}

# musl-gcc doesn't look into the folders of the system's headers.
musl() {
  need musl-gcc musl-tools
  headers=$here/musl/headers
  rm -rf "$headers" && mkdir -p "$headers"
  multiarch=/usr/include/$(gcc -print-multiarch)
  cp -rL "$(pkg-config --variable=includedir libssl)/openssl" "$headers"
  cp -rL "$multiarch/curl" "$multiarch/openssl" "$headers"
  cp -L /usr/include/lua5.4/*.h "$multiarch"/lua5.4*.h "$headers"
  run -s all CC=musl-gcc BUILD="$here/musl/lua5.4" CFLAGS='-O2 -Werror' LUA_CFLAGS="-I$headers" \
    LIB_CFLAGS="-I$headers" LIBS=
  names='{ print $NF }'
  nm -D --defined-only "/usr/lib/$(gcc -print-multiarch | sed 's/gnu/musl/')/libc.so" |
    awk "$names" >"$here/musl/defined"
  foreign=$(nm -D --undefined-only "$here/musl/lua5.4/geelark/core.so" | awk "$names" |
    grep -v -E '^(lua|curl_|EVP_|_ITM_)' | grep -v -x -F -f "$here/musl/defined" || true)
  [ -z "$foreign" ] || { echo "musl has none of these: $foreign"; exit 1; }
}

[ $# -gt 0 ] || set -- clang gnutls musl
for ground in "$@"; do
  echo "$ground"
  "$ground"
done
