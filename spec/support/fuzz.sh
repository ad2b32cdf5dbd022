#!/bin/sh
# Feeds made-up bytes to what reads answers, headers, ids and options, under the address, leak
# and undefined behaviour sanitizers; each target knows by itself what has to come out. A line of
# figures for each. What is worth going on from stays in build/fuzz until make clean.
# Usage: fuzz.sh SECONDS [TARGET...]
# What was found is run again by: build/fuzz/TARGET build/fuzz/findings/TARGET-…
set -eu
folder=spec/torture/fuzz
build=build/fuzz
sanitizers=address,undefined,float-cast-overflow
flags="-O2 -g -fno-omit-frame-pointer -fno-sanitize-recover=all"

# Runs one target: its figures, or what libFuzzer said last.
run() {
  seconds=$1 target=$2 status=0 dictionary=""
  [ ! -f "$folder/$target.dict" ] || dictionary=-dict=$folder/$target.dict
  mkdir -p "$build/corpus/$target"
  "$build/$target" $dictionary -max_total_time="$seconds" -max_len=4096 -timeout=25 \
    -print_final_stats=1 -artifact_prefix="$build/findings/$target-" \
    "$build/corpus/$target" "$folder/corpus/$target" >"$build/$target.log" 2>&1 || status=1
  [ $status = 0 ] || grep -v '^#[0-9]*	' "$build/$target.log" | tail -n 60
  awk -v target="$target" -v seconds="$seconds" -v findings=$status '
    function grouped(n,  text) {
      for (; n >= 1000; n = int(n / 1000)) text = sprintf(",%03d%s", n % 1000, text)
      return n text
    }
    / cov: / { for (i = 1; i < NF; i++) if ($i == "cov:") coverage = $(i + 1) }
    /^#[0-9]/ { runs = substr($1, 2) }
    /^stat::number_of_executed_units/ { runs = $2 }
    END {
      printf "fuzz %s: %s runs, %d findings, cov %d, %d s\n", target, grouped(runs), findings,
        coverage, seconds
    }' "$build/$target.log"
  return $status
}

if [ "$1" = --run ]; then
  run "$2" "$3"
  exit
fi

seconds=$1
shift
[ $# -gt 0 ] || set -- answers headers ids options
case $seconds in
  "" | 0 | *[!0-9]*) echo "SECONDS: a whole number above 0 expected, got $seconds" >&2 && exit 2 ;;
esac
for target in "$@"; do
  [ ! -d "$folder/corpus/$target" ] || continue
  echo "$target is no target, there are:" $(ls "$folder/corpus") >&2
  exit 2
done

if ! command -v clang >/dev/null; then
  echo "make fuzz needs clang (Debian: clang)" >&2
  exit 1
fi
mkdir -p $build/findings
echo 'int LLVMFuzzerTestOneInput(void) { return 0; }' >$build/probe.c
if ! clang -fsanitize=fuzzer,$sanitizers -o $build/probe $build/probe.c 2>$build/probe.log; then
  cat $build/probe.log >&2
  major=$(clang -dumpversion)
  echo "make fuzz needs clang's run-time libraries (Debian: libclang-rt-${major%%.*}-dev)" >&2
  exit 1
fi

make --no-print-directory -s all CC=clang LUA=lua5.4 BUILD=$build \
  CFLAGS="$flags -fsanitize=fuzzer-no-link,$sanitizers"

compile="clang -std=c99 -D_GNU_SOURCE $flags -Wall -Wextra -Isrc $(pkg-config --cflags lua5.4)"
core=$(find src -name '*.c' | sed "s|^src|$build|; s|c$|o|")
mkdir -p $build/help
for source in "$folder"/*.c; do # not fuzzed themselves
  name=$(basename "$source" .c)
  [ -d "$folder/corpus/$name" ] || $compile -fsanitize=address -c -o "$build/help/$name.o" "$source"
done
for target in "$@"; do
  objects=$core
  [ "$target" != headers ] || objects=$(echo "$core" | grep -v /transfer.o) # it has that in it
  $compile -fsanitize=fuzzer,$sanitizers -o "$build/$target" $folder/"$target".c $build/help/*.o \
    $objects $(pkg-config --libs lua5.4 libcurl libcrypto) -lm
done

# Little of what was freed is held back, and short traces are kept: both cost half of the speed.
export ASAN_OPTIONS="detect_leaks=1:detect_stack_use_after_return=0:quarantine_size_mb=16:malloc_context_size=12"
printf '%s\n' "$@" | xargs -P "$(nproc)" -I '{}' sh "$0" --run "$seconds" '{}'
