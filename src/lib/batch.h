/*
 * batch.h: the heart. Which ids go into which request, and when.
 *
 * It knows no socket, no Lua and no clock; time is an argument, in monotonic seconds. The
 * list of ids is cut into chunks to delete, in order; what stops.h holds is gathered in
 * chunks to stop, to watch and to delete. A chunk waits, is in flight, and is settled.
 * The job takes chunks from batch_next, tells of each request by batch_sent, has settle.c
 * read what came back, and takes settled chunks from batch_settled.
 *
 * Functions that may run out of memory say so and have then changed nothing.
 */
#pragma once

#include "stops.h"

enum { CHUNK_SIZE_MAX = 100 /* ids, by the API */ };

enum chunk_state { CHUNK_WAITING, CHUNK_IN_FLIGHT, CHUNK_SETTLED };

/* Ids that go in one request: entry.amount of the list from `first` on, or, where it is
 * `gathered`, what these indexes name in `stops`. Settling gives all of them an outcome,
 * or has them wait for the next request of a phone that is stopped. */
struct chunk {
    enum chunk_state state;
    bool gathered;
    bool asked;     /* the service may have obeyed an earlier try to delete them */
    uint32_t first; /* of what is gathered: only for the order of halves */
    uint32_t first_refused; /* where in `stops` those begin that its answer sent there, */
    uint32_t refused;       /* and how many they are; not of what is gathered */
    unsigned failed_tries;  /* halves inherit them */
    double due;             /* earliest send time */
    double started;         /* when its first request left */
    struct entry entry;     /* what the log will say of it */
    struct chunk *next;     /* in the list of waiting or of settled ones */
    uint32_t indexes[];
};

struct batch_options {
    uint32_t chunk_size;
    unsigned attempts;
    double max_wait; /* the longest Retry-After that is waited for, in seconds */
    uint64_t seed;   /* for the jitter */
    bool stop_started;
    double stop_timeout; /* seconds that a phone may take to shut down */
};

/* What a batch knows of the requests to one path. */
struct lane {
    struct chunk *waiting; /* sorted: the next one due first, then by position */
    unsigned in_flight;
    unsigned consecutive_failures; /* tries in a row without any answer */
    unsigned refused_alone; /* ids that stood alone in their chunk and were refused */
    bool accepted;          /* an answer that adds up came */
    double throttled_since; /* the first of nothing but 40007 and 40017, or INFINITY */
};

struct batch {
    struct batch_options options;
    struct ledger *ledger;
    struct stops stops;
    struct lane lanes[API_PATHS];
    uint32_t cursor;         /* the first id that no chunk has held yet */
    uint32_t deleted_before; /* by the job that this one resumes */
    unsigned in_flight;
    bool stopped;
    struct fault fault; /* the first that decided; KIND_NONE: none did */
    struct chunk *settled, **settled_end;
    struct chunk *told;       /* the last of them that batch_settled returned */
    uint32_t live;            /* chunks that are waiting or in flight */
    unsigned short random[3]; /* erand48's */
};

/* An all-zero batch may be closed. The ledger outlives it. */
void batch_open(struct batch *batch, struct ledger *ledger,
                const struct batch_options *options);
void batch_close(struct batch *batch);

/* The position of a chunk's i-th id. */
static inline uint32_t chunk_position(const struct batch *batch,
                                      const struct chunk *chunk, uint32_t i) {
    return chunk->gathered ? batch->stops.entries[chunk->indexes[i]].position
                           : chunk->first + i;
}

/* Goes through the ids of a settled chunk whose phones are being stopped: what delete
 * said of them. *at begins with 0; false: there are no more. */
bool batch_next_stopping(const struct batch *batch, const struct chunk *chunk,
                         uint32_t *at, struct failure *failure);

/* The chunk to send to this path now, NULL for none (or out of memory, told apart by the
 * flag). It stands in no list, and is its taker's to free, until it settles or
 * batch_wait_or_end takes it back. */
struct chunk *batch_next(struct batch *batch, enum api_path path, double now,
                         bool *out_of_memory);
/* Its request leaves. */
void batch_sent(struct batch *batch, struct chunk *chunk, const char *trace_id,
                double now);
/* What came of a request to this path was settled: it is in flight no more. */
void batch_request_settled(struct batch *batch, enum api_path path);
/* How many of the paths it has a use for, the first being delete. */
unsigned batch_paths(const struct batch *batch);
/* When batch_next may have a chunk; INFINITY if only an answer can bring one. */
double batch_due(const struct batch *batch, enum api_path path, double now);
/* Why nothing is due earlier, in words for people. */
const char *batch_due_reason(const struct batch *batch, enum api_path path);
/* When batch_expire has something to do; INFINITY: never. */
double batch_expiry(const struct batch *batch);
/* Fails the phones that weren't shut down in time. */
void batch_expire(struct batch *batch, double now);

/* Sends nothing more; NULL: without a fault. What is in flight is waited for. */
void batch_stop(struct batch *batch, const struct fault *fault, double now);
/* Stops and watches no more phones; the deleting goes on. */
void batch_end_stopping(struct batch *batch, double now);
/* Nothing is in flight and nothing will be. */
bool batch_done(const struct batch *batch);
/* The next chunk that is settled (or halved), NULL for none; good until the next call. */
struct chunk *batch_settled(struct batch *batch);

/* No more tries than these, over all chunks, without one answer. */
enum { CONSECUTIVE_FAILURES_MAX = 8 };

/* Two waiting chunks in place of one, its left half and its right. They go before all
 * others, the left one first. False: out of memory. */
bool batch_halve(struct batch *batch, struct chunk *chunk, double now);
/* The job was stopped, or the stopping has ended that this chunk is part of. */
bool batch_is_over(const struct batch *batch, const struct chunk *chunk);
/* Puts a chunk among the waiting ones, or ends it where it is over. */
void batch_wait_or_end(struct batch *batch, struct chunk *chunk, double due, double now);
/* Gives the chunk's ids that are still open what was found of them all. */
void batch_settle_open(struct batch *batch, const struct chunk *chunk,
                       enum finding finding, struct reason reason);
/* The service may have obeyed a request to delete them. */
void batch_mark_asked(struct batch *batch, struct chunk *chunk);
/* Closes a chunk's account; of ids still open nothing more will be found. */
void batch_end_chunk(struct batch *batch, struct chunk *chunk, double now);
