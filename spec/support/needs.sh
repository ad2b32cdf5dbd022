#!/bin/sh
# Names what is missing for building, and what helps, before a compiler does in its own words.
# Usage: needs.sh LUA VERSION PKG_CONFIG COMPILER FLAG...
set -eu
lua=$1 version=$2 pkg_config=$3
shift 3
compiler=$1

missing=""
need() { missing="$missing\n  $1"; }

# Whether a header is found and a condition on what it defines holds.
header() {
  source="#include <$1>\n#if !($2)\n#error\n#endif"
  shift 2
  printf '%b\n' "$source" | "$@" -E - >/dev/null 2>&1
}

[ -n "$version" ] || need "the interpreter $lua"
if ! command -v "$compiler" >/dev/null; then
  need "$compiler, the C compiler"
else
  number=$(echo "${version:-5.4}" | sed 's/\./0/')
  header lua.h "LUA_VERSION_NUM == $number" "$@" || need "lua.h, the C header of Lua${version:+ $version}"
  header curl/curl.h "LIBCURL_VERSION_NUM >= 0x074200" "$@" ||
    need "curl/curl.h, the C header of libcurl, 7.66 or newer"
  header openssl/evp.h 1 "$@" || need "openssl/evp.h, the C header of libcrypto"
fi
[ -n "$missing" ] || exit 0

command -v "$pkg_config" >/dev/null || need "$pkg_config, which knows where headers are"
printf '%b\n' "geelark can't be built. What is missing:$missing" >&2
echo "What helps: make deps LUA=$lua" >&2
exit 1
