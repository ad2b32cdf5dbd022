#!/bin/sh
# Runs the specs on each Lua that is named and adds up what passed. All run side by side, for most
# of their time is waiting; what is said on each comes when it has ended.
set -eu
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT
export results

# Also builds what specs of other Luas might else build at the same time.
for lua in "$@"; do make --no-print-directory -s all LUA="$lua"; done

# Writes how many passed and failed to a file; a run that breaks off writes nothing.
run='GEELARK_SPEC_RESULTS=$results/$(echo "$1" | tr / _) make --no-print-directory -s specs LUA="$1"'
if [ $# = 1 ]; then
  sh -c "$run" sh "$1" || true
else
  echo "The specs run on $*, side by side."
  printf '%s\n' "$@" | xargs -n 1 -P $# sh -c "said=\$($run 2>&1); echo \"== \$1
\$said\"" sh
fi

passed=0
failed=0
for lua in "$@"; do
  read -r good bad <"$results/$(echo "$lua" | tr / _)" || {
    echo "the specs on $lua did not come to their end"
    exit 1
  }
  passed=$((passed + good))
  failed=$((failed + bad))
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
