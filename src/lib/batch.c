/* Chunks and their states, what to send next and when: see batch.h. */
#include "batch.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "private.h"

/* A new chunk, in no list yet; NULL: out of memory. Its entry in the log is reserved, so
 * that nothing that happens to it later can fail. */
static struct chunk *make_chunk(struct batch *b, uint32_t first, uint32_t last) {
    if (!ledger_reserve_entries(b->ledger, (uint64_t)b->live + 2)) return NULL;
    struct chunk *c = malloc(sizeof *c);
    if (!c) return NULL;
    *c = (struct chunk){.state = CHUNK_WAITING,
                        .first = first,
                        .last = last,
                        .due = -INFINITY,
                        .entry.amount = last - first};
    b->live++;
    return c;
}

void batch_open(struct batch *b, struct ledger *ledger,
                const struct batch_options *options) {
    uint32_t seed = (uint32_t)(options->seed ^ options->seed >> 32);
    *b = (struct batch){.options = *options,
                        .ledger = ledger,
                        .deleted_before = ledger_tally(ledger, ID_DELETED),
                        .throttled_since = INFINITY,
                        .random = {0x330e, (unsigned short)seed, /* as srand48 does */
                                   (unsigned short)(seed >> 16)}};
    b->settled_end = &b->settled;
}

static void free_list(struct chunk *c) {
    for (struct chunk *next; c; c = next) {
        next = c->next;
        free(c);
    }
}

void batch_close(struct batch *b) {
    free_list(b->waiting);
    free_list(b->settled);
    free(b->told);
    *b = (struct batch){0};
}

/* Few chunks wait at a time: those of lost requests and halves. */
static void wait_until(struct batch *b, struct chunk *c, double due) {
    struct chunk **at = &b->waiting;
    c->state = CHUNK_WAITING;
    c->due = due;
    while (*at && ((*at)->due < due || ((*at)->due == due && (*at)->first < c->first)))
        at = &(*at)->next;
    c->next = *at;
    *at = c;
}

static struct chunk *take_waiting(struct batch *b) {
    struct chunk *c = b->waiting;
    b->waiting = c->next;
    return c;
}

/* While nobody answers, no more requests are risked than may still fail in a row, and
 * fresh chunks keep back: those that failed find out first. */
static bool may_send(const struct batch *b) {
    unsigned failures = b->consecutive_failures;
    return !b->stopped &&
           (failures == 0 || failures + b->in_flight < CONSECUTIVE_FAILURES_MAX);
}

static bool may_start_fresh(const struct batch *b) {
    return b->cursor < b->ledger->open && (b->consecutive_failures == 0 || !b->waiting);
}

/* Where the next fresh chunk ends. What was asked for earlier stands in chunks of its
 * own: an id that the service chokes on must hold up no other. */
static uint32_t fresh_end(const struct batch *b) {
    const struct ledger *l = b->ledger;
    uint32_t end = b->cursor < l->fresh ? l->fresh : l->open,
             size = b->options.chunk_size;
    return end - b->cursor > size ? b->cursor + size : end;
}

struct chunk *batch_next(struct batch *b, double now, bool *out_of_memory) {
    *out_of_memory = false;
    if (!may_send(b)) return NULL;
    if (b->waiting && b->waiting->due <= now) return take_waiting(b);
    if (!may_start_fresh(b)) return NULL;
    struct chunk *c = make_chunk(b, b->cursor, fresh_end(b));
    if (c) b->cursor = c->last;
    else *out_of_memory = true;
    return c;
}

double batch_due(const struct batch *b, double now) {
    if (!may_send(b)) return INFINITY;
    if (may_start_fresh(b)) return now;
    return b->waiting ? b->waiting->due : INFINITY;
}

void batch_sent(struct batch *b, struct chunk *c, const char *trace_id, double now) {
    assert(c->state == CHUNK_WAITING);
    c->state = CHUNK_IN_FLIGHT;
    if (c->entry.attempts++ == 0) c->started = now;
    memcpy(c->entry.trace_id, trace_id, sizeof c->entry.trace_id);
    b->in_flight++;
}

bool batch_done(const struct batch *b) {
    return b->in_flight == 0 && !b->waiting && !b->settled &&
           (b->stopped || b->cursor == b->ledger->open);
}

static void settle_chunk(struct batch *b, struct chunk *c, double now) {
    c->state = CHUNK_SETTLED;
    b->live--;
    c->entry.seconds = now - c->started;
    if (c->entry.attempts > 0) ledger_log(b->ledger, &c->entry);
    c->next = NULL;
    *b->settled_end = c;
    b->settled_end = &c->next;
}

bool batch_halve(struct batch *b, struct chunk *c, double now) {
    uint32_t middle = c->first + (c->last - c->first) / 2;
    struct chunk *left = make_chunk(b, c->first, middle);
    struct chunk *right = left ? make_chunk(b, middle, c->last) : NULL;
    if (!right) {
        b->live -= left != NULL;
        free(left);
        return false;
    }
    left->failed_tries = right->failed_tries = c->failed_tries;
    wait_until(b, left, -INFINITY);
    wait_until(b, right, -INFINITY);
    c->entry.halved = true;
    settle_chunk(b, c, now);
    return true;
}

void batch_wait_or_end(struct batch *b, struct chunk *c, double due, double now) {
    if (b->stopped) batch_end_chunk(b, c, now);
    else wait_until(b, c, due);
}

void batch_end_chunk(struct batch *b, struct chunk *c, double now) {
    ledger_settle_pending(b->ledger, c->first, c->last, FOUND_NOTHING,
                          (struct reason){0});
    settle_chunk(b, c, now);
}

struct chunk *batch_settled(struct batch *b) {
    struct chunk *c = b->settled;
    free(b->told);
    b->told = c;
    if (c) b->settled = c->next;
    if (!b->settled) b->settled_end = &b->settled;
    return c;
}

void batch_stop(struct batch *b, const struct fault *fault, double now) {
    if (fault && b->fault.kind == KIND_NONE) b->fault = *fault;
    b->stopped = true;
    while (b->waiting) batch_end_chunk(b, take_waiting(b), now);
    /* What an earlier job asked for, and this one never comes to. */
    ledger_settle_pending(b->ledger, b->cursor, b->ledger->open, FOUND_NOTHING,
                          (struct reason){0});
    b->cursor = b->ledger->open;
}
