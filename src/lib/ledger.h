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

/* Zero is what has no outcome yet. */
enum id_state { ID_PENDING, ID_DELETED, ID_PRESUMED, ID_FAILED, ID_UNKNOWN, ID_STATES };

struct failure {
    uint32_t position;
    uint32_t msg; /* where its words stand, for ledger_msg */
    long code;
};

/* An entry of result.requests: all tries for one chunk. */
struct entry {
    char trace_id[TRACE_ID_SIZE]; /* of the last request */
    bool halved, has_code;
    uint32_t amount;
    unsigned attempts;
    long code;       /* of the last answer's envelope */
    int http_status; /* of the last answer, 0: none */
    double seconds;
};

struct ledger {
    struct ids ids;
    unsigned char *states; /* enum id_state, one for each id */
    uint32_t tally[ID_STATES];
    struct failure *failures; /* in the caller's order */
    uint32_t failure_count, failure_capacity;
    struct entry *entries; /* in the order of settling */
    uint32_t entry_count, entry_capacity;
    struct buffer texts; /* each: its length in four bytes, then the bytes */
    uint32_t last_text;
};

/* `ledger->ids` is filled, all else zero, which may be closed. False: out of memory. */
bool ledger_open(struct ledger *ledger);
void ledger_close(struct ledger *ledger);
/* It was read: of all that it holds only its amounts stay. */
void ledger_release(struct ledger *ledger);

/* Make room; false: out of memory. */
bool ledger_reserve_failures(struct ledger *ledger, uint32_t count, size_t msg_bytes);
bool ledger_reserve_entries(struct ledger *ledger, uint64_t count);

/* Gives a pending id its outcome. The only functions that do, with ledger_fail. */
void ledger_mark(struct ledger *ledger, uint32_t position, enum id_state state);
/* The same for all that are pending in [first, last). */
void ledger_mark_pending(struct ledger *ledger, uint32_t first, uint32_t last,
                         enum id_state state);
void ledger_fail(struct ledger *ledger, uint32_t position, long code, const char *msg,
                 size_t len);
void ledger_log(struct ledger *ledger, const struct entry *entry);

static inline bool ledger_is_pending(const struct ledger *ledger, uint32_t position) {
    return ledger->states[position] == ID_PENDING;
}
static inline uint32_t ledger_total(const struct ledger *ledger) {
    return ledger->ids.count;
}
/* How many ids are in this state. */
static inline uint32_t ledger_tally(const struct ledger *ledger, enum id_state state) {
    return ledger->tally[state];
}
/* How many in [first, last) are pending. */
uint32_t ledger_count_pending(const struct ledger *ledger, uint32_t first, uint32_t last);
/* No id is without a reliable answer. */
bool ledger_is_complete(const struct ledger *ledger);
/* The index of the first failure of an id that is not before `position`. */
uint32_t ledger_find_failure(const struct ledger *ledger, uint32_t position);
/* The words that came with a failure. */
const char *ledger_msg(const struct ledger *ledger, uint32_t msg, size_t *len);
