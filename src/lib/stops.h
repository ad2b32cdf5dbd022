/*
 * stops.h: the phones that a job stops: which are to be stopped, watched, deleted again,
 * and when.
 *
 * A phone that delete refuses because it is started or starting has an entry here. The
 * entry waits for a request to one of the three paths, is in one, and waits again, until
 * its id has an outcome in the ledger: then it is done. Entries are only appended, so
 * that an index names one for good. Those that wait for a path stand in the order in
 * which they came, which is that in which they are due. Time is monotonic seconds.
 */
#pragma once

#include "ledger.h"

enum stop_stage { STOP_WAITS, STOP_IN_REQUEST, STOP_DONE };

struct stop {
    uint32_t position; /* of the id */
    uint32_t msg;      /* delete's words, the last ones, for ledger_fail, */
    long code;         /* and its code */
    double since;      /* when delete refused it first */
    double ready, due; /* when a request may take it along, and when one has to leave */
    uint32_t next;     /* the one behind it */
    enum stop_stage stage;
    enum api_path path;   /* of the request that it waits for or is in */
    unsigned char rounds; /* how often it was deleted again, and refused again */
    bool starting;        /* delete said so, and status hasn't called it started since */
};

/* What waits for a path, by index; `first` and `last` mean nothing where it is empty. */
struct stop_queue {
    uint32_t first, last, count;
};

struct stops {
    struct ledger *ledger;
    double timeout; /* seconds that an entry has, from `since` on */
    bool ended;     /* nothing more is stopped or watched, */
    bool stopped;   /* and nothing deleted: the job was stopped */
    struct stop *entries;
    uint32_t count, capacity;
    uint32_t judged; /* the entries before this one are done, or had their time */
    struct stop_queue queues[API_PATHS];
    unsigned short *random;     /* erand48's */
    double drawn_at, drawn_due; /* what was watched at one time is due at one time */
};

/* An all-zero struct may be closed. Ledger and random state outlive it. Without `enabled`
 * it never takes an entry. */
void stops_open(struct stops *stops, struct ledger *ledger, bool enabled, double timeout,
                unsigned short random[3]);
void stops_close(struct stops *stops);
/* Makes room for so many more entries; false: out of memory. */
bool stops_reserve(struct stops *stops, uint32_t count);

/* When a request to this path has to leave, of at most so many ids; INFINITY: none. */
double stops_due(const struct stops *stops, enum api_path path, uint32_t max_ids);
/* Takes what such a request is for, writes the indexes and returns how many. */
uint32_t stops_take(struct stops *stops, enum api_path path, uint32_t max_ids, double now,
                    uint32_t *indexes);

/* Delete refused a pending id with this code and these words. False: that isn't one for
 * which its phone is stopped, and nothing was changed. */
bool stops_add(struct stops *stops, uint32_t position, struct reason reason, double now);
/* The same for one of a request that deleted it again. */
bool stops_refuse(struct stops *stops, uint32_t index, struct reason reason, double now);
/* Stop accepted it. */
void stops_accept(struct stops *stops, uint32_t index, double now);
/* Status said this of it; negative: nothing. */
void stops_see(struct stops *stops, uint32_t index, long status, double now);
/* The outcome of one that is in a request: what was found, or delete's refusal. */
void stops_settle(struct stops *stops, uint32_t index, enum finding finding,
                  struct reason reason);
void stops_fail(struct stops *stops, uint32_t index);
/* Fails one whose time is over; false: it isn't. */
bool stops_fail_late(struct stops *stops, uint32_t index, double now);

/* When stops_expire has something to do; INFINITY: never. */
double stops_expiry(const struct stops *stops);
/* Fails what wasn't shut down in time. What is in a request is judged by its answer,
 * or before its next try. */
void stops_expire(struct stops *stops, double now);
/* Nothing more is stopped or watched: fails what waits for it. What is shut down is still
 * deleted, unless the job `stopped`. */
void stops_end(struct stops *stops, bool stopped);
