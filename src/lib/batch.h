/*
 * batch.h: the heart. Which ids go into which request, when, and what became of them.
 *
 * Sans I/O: it knows no socket, no Lua and no clock; time is an argument, in monotonic
 * seconds. The list of ids is cut into chunks, in order. A chunk waits, flies, and is
 * settled; each id of it ends deleted (perhaps presumed so), failed or unknown, or stays
 * pending. The driver takes chunks from batch_next, tells of each request by batch_sent,
 * of what came back by batch_settle, and takes settled chunks from batch_settled.
 *
 * Functions that may run out of memory say so and have then changed nothing.
 */
#ifndef GEELARK_BATCH_H
#define GEELARK_BATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "ids.h"
#include "verdict.h"

#pragma GCC visibility push(hidden)

/* Zero is what has no outcome yet. */
enum id_state { ID_PENDING, ID_DELETED, ID_PRESUMED, ID_FAILED, ID_UNKNOWN, ID_STATES };

enum chunk_state { CHUNK_WAITING, CHUNK_FLYING, CHUNK_SETTLED };

/* The ids [first, last) of the list; those that an earlier answer settled are skipped. */
struct chunk {
    enum chunk_state state;
    uint32_t first, last;
    uint32_t open;    /* ids of it that are still pending */
    unsigned faults;  /* tries that came to nothing; halves inherit them */
    unsigned sent;    /* requests sent for this very chunk */
    bool lost;        /* a request may have been obeyed without our knowing */
    bool halved;
    double due;       /* not sent before */
    uint64_t order;   /* among equals the oldest first */
    double started;   /* when its first request left */
    char trace_id[TRACE_ID_SIZE]; /* of the last request */
    bool has_code;
    long code;        /* of the last answer's envelope */
    int http_status;  /* of the last answer, 0: none */
    struct chunk *next; /* in the list of settled ones, or of spare ones */
};

/* An entry of result.requests. */
struct account {
    char trace_id[TRACE_ID_SIZE];
    bool halved, has_code;
    uint32_t amount;
    unsigned attempts;
    long code;
    int http_status;
    double seconds;
};

struct failure {
    uint32_t position; /* in the list of ids */
    uint32_t text;     /* where its msg stands, for batch_text */
    long code;
};

struct batch_options {
    uint32_t chunk_size;
    unsigned attempts;
    uint64_t seed; /* for the jitter */
};

struct batch {
    struct batch_options options;
    const struct ids *ids;
    unsigned char *states; /* enum id_state, one for each id */
    uint32_t tally[ID_STATES];
    uint32_t cursor; /* the first id that no chunk has held yet */
    unsigned flying;
    unsigned streak; /* tries in a row without any answer */
    bool stopped;
    double throttled_since; /* start of an unbroken run of 40007 and 40017, else INFINITY */
    struct fault fault; /* the first that decided; KIND_NONE while all is well */

    struct chunk **waiting; /* heap, the next one due on top */
    uint32_t waiting_count, waiting_capacity;
    struct chunk *settled, **settled_end;
    struct chunk *spare;
    uint32_t live; /* chunks that are waiting or flying */
    uint64_t orders, random;

    struct failure *failures; /* in the caller's order */
    uint32_t failure_count, failure_capacity;
    struct account *accounts;
    uint32_t account_count, account_capacity;
    char *texts; /* each: its length in four bytes, then the bytes */
    size_t texts_size, texts_capacity;
    uint32_t recent_texts[8];
    unsigned recent_count;
};

/* What the client has to do about it. */
struct consequence {
    bool out_of_memory; /* nothing was changed: settle again later */
    double hold;        /* seconds in which no request may leave, 0: none */
    bool alone;         /* from now on one request at a time */
    bool throttled;     /* 40007 or 40017 */
    bool answered;      /* the service answered */
};

enum { STREAK_MAX = 8 };

/* An all-zero batch may be closed. `ids` must outlive it; a chunk that flies is its
 * flight's to free then. False: out of memory. */
bool batch_open(struct batch *batch, const struct ids *ids,
                const struct batch_options *options);
void batch_close(struct batch *batch);

/* The chunk to send now, NULL for none (or out of memory, told apart by the flag). It
 * stays where it is until batch_sent or batch_return. */
struct chunk *batch_next(struct batch *batch, double now, bool *out_of_memory);
/* Its request leaves. */
void batch_sent(struct batch *batch, struct chunk *chunk, const char *trace_id, double now);
/* It was not sent after all. */
void batch_return(struct batch *batch, struct chunk *chunk);

/* When batch_next may have a chunk; INFINITY if only an answer can bring one. */
double batch_due(const struct batch *batch, double now);

struct consequence batch_settle(struct batch *batch, struct chunk *chunk,
                                const struct verdict *verdict, double now);

/* Sends nothing more; NULL: without a fault. What flies is waited for. */
void batch_stop(struct batch *batch, const struct fault *fault, double now);

/* Nothing flies and nothing will. */
bool batch_done(const struct batch *batch);

/* The next chunk that is settled (or halved), NULL for none; good until the next call. */
struct chunk *batch_settled(struct batch *batch);

/* The words that came with a failure. */
const char *batch_text(const struct batch *batch, uint32_t text, size_t *len);

#pragma GCC visibility pop

#endif
