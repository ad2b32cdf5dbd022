/* clock.h: the one clock that measures durations. It never steps back and, where the
 * system has such a clock, counts the time that the machine was asleep. */
#pragma once

#include <time.h>

#if defined CLOCK_BOOTTIME
#define GEELARK_CLOCK CLOCK_BOOTTIME
#else
#define GEELARK_CLOCK CLOCK_MONOTONIC
#endif

static inline double clock_seconds(clockid_t id) {
    struct timespec t;
    clock_gettime(id, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Seconds since some moment of this machine's. */
static inline double clock_now(void) { return clock_seconds(GEELARK_CLOCK); }

/* Seconds since the epoch. */
static inline double clock_wall(void) { return clock_seconds(CLOCK_REALTIME); }
