#!/bin/sh
# The specs under valgrind: no bad access, no lost memory. Programs that the specs start are not
# followed: what only starts programs is left out, and what tries the simulator. A fork's child,
# which lets go of what it shares with its parent, is not asked what it lost. Suppressions only for
# code that isn't ours.
set -eu
elsewhere='^spec/(cli/|simulator/|(build|coverage|demo|layout|loop_leaks|ngx|nvim|quota_contract)_)'
elsewhere="$elsewhere|^spec/(rock|simulation|soak|structure|torture)_"
specs=${*:-$(find spec -name "*_spec.lua" | grep -vE "$elsewhere")}
SPECS=$specs sh spec/support/specs.sh build/lua5.4 \
  valgrind -q --child-silent-after-fork=yes --keep-debuginfo=yes --error-exitcode=1 \
  --leak-check=full --errors-for-leak-kinds=definite \
  --suppressions=spec/support/valgrind.supp lua5.4
