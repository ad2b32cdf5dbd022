#!/bin/sh
# Runs the specs on each Lua that is named and adds up what passed.
set -eu

passed=0
failed=0
results=$(mktemp)
trap 'rm -f "$results"' EXIT

for lua in "$@"; do
  make --no-print-directory -s all LUA="$lua"
  echo "== $lua"
  status=0
  GEELARK_SPEC_RESULTS="$results" make --no-print-directory -s specs LUA="$lua" || status=$?
  read -r good bad <"$results" || { echo "the specs on $lua did not come to their end"; exit 1; }
  : >"$results"
  passed=$((passed + good))
  failed=$((failed + bad))
  [ "$status" = 0 ] || [ "$bad" != 0 ] || failed=$((failed + 1))
done

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
