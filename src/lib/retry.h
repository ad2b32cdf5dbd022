/*
 * retry.h: what a code or a fault leads to, and how long to back off.
 *
 * Pure functions: no state, no time, no memory.
 */
#ifndef GEELARK_RETRY_H
#define GEELARK_RETRY_H

#include "verdict.h"

#pragma GCC visibility push(hidden)

/* What the engine does with a verdict. */
enum course {
    COURSE_ACCEPT,  /* settle by its data; it must add up */
    COURSE_PARTIAL, /* the same, and some ids must have failed */
    COURSE_FAILED,  /* every id failed: by its data, else with the envelope's code */
    COURSE_HALVE,   /* one id is bad: halve; alone it failed with the code */
    COURSE_LOST,    /* the service may have acted: try again, presume */
    COURSE_AGAIN,   /* surely nothing was done: try again */
    COURSE_MINUTE,  /* over the minute's limit: hold everything, costs no attempt */
    COURSE_ALONE,   /* the same, and one request at a time from now on */
    COURSE_STOP,    /* every later request would meet the same */
    COURSE_LOCK     /* the same, for two hours */
};

enum { LOCK_SECONDS = 7200, MINUTE_SECONDS = 60 };

enum course retry_course(const struct verdict *verdict);

/* The kind that the verdict gives to the fault where it decides. */
enum kind retry_kind(const struct verdict *verdict);

/* What a code means, NULL for one that is not in the list. */
const char *retry_meaning(long code);

/* Seconds to wait before the next try after `faults` (>= 1) failed ones: full jitter,
 * `random` in [0, 1). */
double retry_backoff(unsigned faults, double random);

#pragma GCC visibility pop

#endif
