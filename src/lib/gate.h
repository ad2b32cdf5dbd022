/*
 * gate.h: when may the next request leave? The quota, places in flight, pauses that the
 * service asks for, and whose turn it is among the jobs of a client.
 *
 * A request counts from when it is sent until a whole window after its answer came. The
 * service counts it somewhere between the two, so whatever the latencies and whatever
 * kind of window it uses, it never counts more than the limit. Each path has windows and
 * pauses of its own; places in flight are common to all. Times are monotonic seconds.
 *
 * The job that has waited longest comes first, if it comes: it is told that it is its
 * turn, and another that is stepped lets it go first for two steps of its own, no longer.
 * One whose step waits lets nobody go first: no other can be stepped meanwhile. Who waits
 * for a path that is held, or for time to pass, keeps its place and holds up nobody.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "path.h"
#include "pollset.h"

enum { WINDOWS = 2 /* the minute and the hour */, CONCURRENCY_MAX = 64 };

/* A job's ticket in the queue. */
struct ticket {
    struct pollset *pollset; /* woken when it is the job's turn; NULL: it has none */
    bool queued;
    bool waits;                 /* its step waits: no other job can come meanwhile */
    unsigned concurrency;       /* its job's, */
    double max_wait;            /* and how much of a pause it waits for */
    unsigned paths;             /* that it wants a place for now, a bit each, */
    unsigned blocked;           /* and those of them for which an event has to come */
    uint64_t step, step_before; /* the numbers of its last two steps */
    uint64_t notified;          /* the number under which it was told of its turn; 0: it
                                 * wasn't, or has taken it or passed it on */
    struct ticket *next;
};

/* The requests to one path that count, and how long none may leave. */
struct window {
    uint64_t first[WINDOWS]; /* the oldest answer that still counts */
    uint64_t next;           /* the number of the next answer */
    double *answered_at;     /* a ring: answer n stands at n modulo size */
    uint64_t size;
    unsigned in_flight;
    double held_until;
    const char *held_for; /* why, in words for people */
    double paused_at;     /* the service asked for a pause, */
    double paused_until;  /* of which a job waits for its max_wait at most */
    const char *paused_for;
    double throttled_since; /* the first of nothing but "too many", or INFINITY, */
    double throttled_at;    /* and the last of them */
};

struct gate {
    uint64_t limit[WINDOWS]; /* requests in a window, 0: no limit */
    struct window windows[API_PATHS];
    unsigned in_flight, in_flight_max, answers;
    uint64_t steps;  /* numbers steps and notices in the order of their coming */
    double now;      /* as it was told last */
    double patience; /* when a job should be stepped again that let another go first */
    const struct ticket *last; /* who took the last place; perhaps it is gone */
    struct ticket *queue;
};

/* There is nothing to free until gate_take; an all-zero gate may be closed. */
void gate_open(struct gate *gate, uint64_t per_minute, uint64_t per_hour);
void gate_close(struct gate *gate);

/* A step of the job begins, which `waits` for time to pass or not. */
void gate_step(struct gate *gate, struct ticket *ticket, bool waits);
/* Each path is asked for anew, by gate_wait. */
void gate_ask(struct ticket *ticket);
/* Seconds until a request of this job may leave: 0 for now, INFINITY where an event has
 * to come first. Takes no place yet. */
double gate_wait(struct gate *gate, struct ticket *ticket, enum api_path path,
                 double now);
/* The same whoever's turn it is. */
double gate_room_wait(struct gate *gate, const struct ticket *ticket, enum api_path path,
                      double now);
/* Seconds that quota and pauses make it wait, INFINITY as above; *reason says which of
 * them, in words for people. */
double gate_quota_wait(struct gate *gate, const struct ticket *ticket, enum api_path path,
                       double now, const char **reason);
/* The request takes its place. False: out of memory, and nothing changed. */
bool gate_take(struct gate *gate, struct ticket *ticket, enum api_path path);
/* It hasn't been sent, and its place is free. */
void gate_lend(struct gate *gate, enum api_path path);
/* It asked, and takes no place now: its turn, if it had it, is another's. */
void gate_pass(struct gate *gate, struct ticket *ticket);
/* Tells the next one, where a place is free. */
void gate_next(struct gate *gate);
unsigned gate_in_flight(const struct gate *gate);
/* Its answer came, or none will. */
void gate_complete(struct gate *gate, enum api_path path, double now);
/* The job wants no place any more. */
void gate_leave(struct gate *gate, struct ticket *ticket);
/* In the child of a fork: nobody is told of his turn, the pipes are the parent's, too. */
void gate_abandon(struct gate *gate);

/* Nobody may use this path until then. The service asks for a pause of so many seconds;
 * for one request at a time; it answered. */
void gate_hold(struct gate *gate, enum api_path path, double until, const char *reason);
void gate_pause(struct gate *gate, enum api_path path, double seconds, double now,
                const char *reason);
void gate_slow_down(struct gate *gate);
/* It says "too many" on this path, or something else. */
void gate_throttle(struct gate *gate, enum api_path path, bool throttled, double now);
/* Whether that is the last that it said on any path. */
bool gate_is_throttled(const struct gate *gate);
/* For how long it had said nothing else when it said so last, to whichever job, counted
 * from `since` on; below 0: it says something else, or hasn't been asked since then. */
double gate_throttled_for(const struct gate *gate, enum api_path path, double since);
void gate_answered(struct gate *gate);
