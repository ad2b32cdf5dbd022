#!/bin/sh
# The whole spec run under valgrind: no bad access, no lost memory. Programs that the specs
# start are not followed, and a fork's child, which lets go of what it shares with its parent, is
# not asked what it lost. Suppressions only for code that isn't ours.
set -eu
GEELARK_VALGRIND=1 SPECS="$*" sh spec/support/specs.sh build/lua5.4 \
  valgrind -q --child-silent-after-fork=yes --keep-debuginfo=yes --error-exitcode=1 \
  --leak-check=full --errors-for-leak-kinds=definite \
  --suppressions=spec/support/valgrind.supp lua5.4
