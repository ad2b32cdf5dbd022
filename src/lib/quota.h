/*
 * quota.h: how many requests the client allows itself, in sliding windows.
 *
 * A request takes its place when it is sent and keeps it until a whole window after its
 * answer came. The service counts a request somewhere between the two, so whatever the
 * latencies and whatever kind of window it uses, it never counts more than the limit.
 * Times are monotonic seconds. One quota stands for one API path.
 */
#ifndef GEELARK_QUOTA_H
#define GEELARK_QUOTA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma GCC visibility push(hidden)

enum { QUOTA_WINDOWS = 2 }; /* the minute and the hour */

struct quota {
    uint64_t limit[QUOTA_WINDOWS]; /* requests in a window, 0: no limit */
    uint64_t first[QUOTA_WINDOWS]; /* the oldest answer that still counts */
    uint64_t next;                 /* where the next answer goes */
    uint64_t in_flight;
    double *ring; /* when answers came: number n stands at n modulo size */
    uint64_t size;
    double held_until;
};

/* Fills the quota; there is nothing to free until quota_take. */
void quota_open(struct quota *quota, uint64_t per_minute, uint64_t per_hour);
void quota_close(struct quota *quota);

/* Seconds until a request may be sent: 0 for now, INFINITY where only the end of one in
 * flight can make room. */
double quota_wait(struct quota *quota, double now);

/* A request is sent. False: out of memory, and nothing changed. */
bool quota_take(struct quota *quota);

/* It was not sent after all. */
void quota_untake(struct quota *quota);

/* Its answer came, or none will. */
void quota_give(struct quota *quota, double now);

/* Nothing is sent before `until`. */
void quota_hold(struct quota *quota, double until);

#pragma GCC visibility pop

#endif
