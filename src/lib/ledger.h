/*
 * ledger.h: the account of a job: every id's outcome, its tallies, what failed and why,
 * and the log of requests.
 *
 * It owns the ids. Each starts as pending and gets one outcome, once. Writing can't
 * fail: room for it is reserved before. Ids are named by their position in the list.
 */
#pragma once

#include <stdbool.h>

#include "fault.h"
#include "ids.h"
#include "path.h"

/* Zero, and what is being stopped, have no outcome yet. */
enum id_state {
    ID_PENDING,
    ID_DELETED,
    ID_PRESUMED,
    ID_FAILED,
    ID_UNKNOWN,
    ID_STOPPING, /* refused as started or starting; none is left when the job ends */
    ID_STATES
};

/* What became known of an id without outcome. Its outcome depends on whether the service
 * may have obeyed an earlier request for it without our knowing, that is, whether it was
 * asked. */
enum finding {
    FOUND_DELETED,  /* an answer that adds up counts it among its successes */
    FOUND_GONE,     /* the service says that it does not exist */
    FOUND_FAILED,   /* an answer that adds up names it with another code */
    FOUND_REFUSED,  /* refused without being named: alone, or with all others */
    FOUND_NOTHING,  /* the job stopped, or the tries ran out */
    FOUND_UNLISTED, /* a code that isn't known */
    FINDINGS
};

struct failure {
    uint32_t position;
    uint32_t msg; /* where its words stand, for ledger_msg */
    long code;
};

/* An entry of result.requests: all tries for one chunk. */
struct entry {
    enum api_path path;
    char trace_id[TRACE_ID_SIZE]; /* of the last request */
    bool halved, has_code;
    uint32_t amount;
    unsigned attempts;
    long code;       /* of the last answer's envelope */
    uint32_t msg;    /* where its words stand, for ledger_msg */
    int http_status; /* of the last answer, 0: none */
    double seconds;
};

struct ledger {
    struct ids ids;
    uint32_t open;         /* the ids before this position are to be asked for */
    uint32_t fresh;        /* of these, those before this one were never asked for */
    uint32_t *order;       /* the position of the caller's n-th id; NULL: it is n */
    unsigned char *states; /* enum id_state, one for each id, and the bits below */
    uint32_t tally[ID_STATES];
    uint32_t stopped;         /* how many ids a stop was accepted for */
    struct failure *failures; /* by position, once ledger_sort_failures has run */
    uint32_t failure_count, failure_capacity;
    bool unsorted;         /* one of them came long after its neighbours */
    struct entry *entries; /* in the order of settling */
    uint32_t entry_count, entry_capacity;
    struct buffer texts; /* each: its length in four bytes, then the bytes */
    uint32_t last_text;
};

/* `ledger->ids` is filled, all else zero, which may be closed. False: out of memory. */
bool ledger_open(struct ledger *ledger);
/* The same for an all-zero ledger that goes on where an earlier one ended: what was never
 * asked for stands first, then what is unknown, and last what has its outcome. */
bool ledger_resume(struct ledger *ledger, const struct ledger *earlier);
/* What another run found of an id that is pending, or had failed: that it is gone, or may
 * be, which is asked for last by a ledger that goes on. */
void ledger_recall(struct ledger *ledger, uint32_t position, enum id_state state);
/* The same: that it was refused. It is asked for again, after what never was. */
void ledger_recall_refused(struct ledger *ledger, uint32_t position);
void ledger_close(struct ledger *ledger);
/* Moves all that it holds; of the ledger itself only its amounts stay. */
struct ledger ledger_take(struct ledger *ledger);

/* Make room; false: out of memory. That for what is being stopped comes on top. */
bool ledger_reserve_failures(struct ledger *ledger, uint32_t count, size_t msg_bytes);
bool ledger_reserve_entries(struct ledger *ledger, uint64_t count);

/* What the service says: why an id failed, where it did. */
struct reason {
    long code;
    const char *msg;
    size_t len;
};

/* Gives an id without outcome that of what was found. */
void ledger_settle(struct ledger *ledger, uint32_t position, enum finding finding,
                   struct reason reason);
/* The same for all that are pending in [first, last). */
void ledger_settle_pending(struct ledger *ledger, uint32_t first, uint32_t last,
                           enum finding finding, struct reason reason);
/* The service may have obeyed a request to delete this one, which has no outcome. */
void ledger_mark_asked(struct ledger *ledger, uint32_t position);
/* Keeps the words of a reason, for ledger_fail and ledger_msg. */
uint32_t ledger_keep(struct ledger *ledger, struct reason reason);
/* Fails an id with words that are kept. */
void ledger_fail(struct ledger *ledger, uint32_t position, long code, uint32_t msg);
/* A pending id was refused since its phone runs: it will be stopped. */
void ledger_note_stopping(struct ledger *ledger, uint32_t position);
/* A stop was accepted. */
void ledger_note_stopped(struct ledger *ledger, uint32_t position);
/* Notes what the last answer to a chunk said. */
void ledger_note(struct ledger *ledger, struct entry *entry, struct reason reason);
void ledger_log(struct ledger *ledger, const struct entry *entry);

/* Of an entry of `states`: the state, whether an earlier run was refused, whether a stop
 * was accepted, whether it was asked. */
enum { STATE_BITS = 0x0f, REFUSED_BIT = 0x20, STOPPED_BIT = 0x40, ASKED_BIT = 0x80 };

static inline enum id_state ledger_state(const struct ledger *ledger, uint32_t position) {
    return (enum id_state)(ledger->states[position] & STATE_BITS);
}
static inline bool ledger_is_pending(const struct ledger *ledger, uint32_t position) {
    return ledger_state(ledger, position) == ID_PENDING;
}
static inline uint32_t ledger_total(const struct ledger *ledger) {
    return ledger->ids.count;
}
/* How many ids are in this state. */
static inline uint32_t ledger_tally(const struct ledger *ledger, enum id_state state) {
    return ledger->tally[state];
}
/* No id is without a reliable answer. */
bool ledger_is_complete(const struct ledger *ledger);
/* The position of the caller's n-th id. */
static inline uint32_t ledger_position(const struct ledger *ledger, uint32_t n) {
    return ledger->order ? ledger->order[n] : n;
}
static inline bool ledger_was_asked(const struct ledger *ledger, uint32_t position) {
    return (ledger->states[position] & ASKED_BIT) != 0;
}
static inline bool ledger_was_stopped(const struct ledger *ledger, uint32_t position) {
    return (ledger->states[position] & STOPPED_BIT) != 0;
}
/* Puts the failures in order, for the next function and for whoever reads them all. */
void ledger_sort_failures(struct ledger *ledger);
/* Why an id failed. */
const struct failure *ledger_failure(const struct ledger *ledger, uint32_t position);
/* The words that came with a failure. */
const char *ledger_msg(const struct ledger *ledger, uint32_t msg, size_t *len);
