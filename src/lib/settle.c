/* What a response means for the ids of a chunk: see settle.h. */
#include "settle.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "codes.h"
#include "retry.h"
#include "private.h"

/* A service that says for so long nothing but "too many" won't change its mind. */
static const double THROTTLED_MAX = 3600; /* seconds */
static const double RETRY_AFTER_MAX = 3600;

/* One call of settle. */
struct settling {
    struct batch *batch;
    struct ledger *ledger;
    struct chunk *chunk;
    const struct response *response;
    enum disposition disposition;
    const struct detail *named[CHUNK_SIZE_MAX]; /* of each id of the chunk, or NULL */
    struct effects effects;
    double now;
};

static uint32_t count_pending(const struct settling *s) {
    return ledger_count_pending(s->ledger, s->chunk->first, s->chunk->last);
}

/* The API says that this id failed. Gone after a lost answer, it counts as deleted. */
static void fail_id(struct settling *s, uint32_t position, long code, struct span msg) {
    if (code == CODE_NOT_FOUND && s->chunk->lost)
        ledger_mark(s->ledger, position, ID_PRESUMED);
    else ledger_fail(s->ledger, position, code, response_text(s->response, msg), msg.len);
}

static void fail_pending(struct settling *s) {
    for (uint32_t i = s->chunk->first; i < s->chunk->last; i++)
        if (ledger_is_pending(s->ledger, i))
            fail_id(s, i, s->response->code, s->response->msg);
}

/* The position of the id that an entry names, the chunk's end where that is none of its
 * pending ones. Entries mostly stand in the order of the request: it looks from `start`.
 */
static uint32_t find_pending(const struct settling *s, uint32_t start,
                             const struct detail *d) {
    const struct chunk *c = s->chunk;
    if (!d->has_id || d->code == 0) return c->last;
    uint32_t at = ids_find(&s->ledger->ids, c->first, c->last, start,
                           response_text(s->response, d->id), d->id.len);
    return at < c->last && ledger_is_pending(s->ledger, at) ? at : c->last;
}

/* Notes which entry of failDetails names each id. One that is named with two codes has
 * failed with neither. Returns whether nothing else stood there. */
static bool collect(struct settling *s) {
    static const struct detail contradiction;
    const struct response *r = s->response;
    const struct chunk *c = s->chunk;
    bool sound = r->details_sound;
    uint32_t start = c->first;
    for (uint32_t i = 0; i < r->detail_count; i++) {
        const struct detail *d = &r->details[i];
        uint32_t at = find_pending(s, start, d);
        if (at == c->last) {
            sound = false;
            continue;
        }
        const struct detail **named = &s->named[at - c->first];
        if (*named) sound = false;
        if (!*named) *named = d;
        else if ((*named)->code != d->code) *named = &contradiction;
        start = at + 1 < c->last ? at + 1 : c->first;
    }
    return sound;
}

/* The ids that were named have failed; returns how many. */
static uint32_t fail_named(struct settling *s) {
    uint32_t count = 0;
    for (uint32_t i = s->chunk->first; i < s->chunk->last; i++) {
        const struct detail *d = s->named[i - s->chunk->first];
        if (!d || d->code == 0) continue;
        fail_id(s, i, d->code, d->msg);
        count++;
    }
    return count;
}

static bool adds_up(const struct settling *s, uint32_t pending, uint32_t named) {
    const struct response *r = s->response;
    if (s->disposition == RETRY_PARTIAL && named == 0) return false;
    if (r->code == CODE_ALL_FAILED && r->success > 0) return false;
    return r->has_amounts && r->total == pending && r->fail == named && r->success >= 0 &&
           r->success + r->fail == r->total;
}

/* Settles what the answer accounts for. False: ids are left that it doesn't. */
static bool settle_by_data(struct settling *s) {
    const struct response *r = s->response;
    uint32_t pending = count_pending(s);
    bool sound = collect(s);
    if (adds_up(s, pending, fail_named(s)) && sound)
        ledger_mark_pending(s->ledger, s->chunk->first, s->chunk->last, ID_DELETED);
    else if (s->disposition == RETRY_FAILED && (!r->has_amounts || r->success <= 0))
        fail_pending(s);
    return count_pending(s) == 0;
}

static void decide(struct settling *s) {
    struct fault *fault = &s->batch->fault;
    if (fault->kind == KIND_NONE)
        retry_fault(fault, s->response, s->chunk->entry.trace_id);
}

static void stop(struct settling *s) {
    decide(s);
    batch_stop(s->batch, NULL, s->now);
    batch_end_chunk(s->batch, s->chunk, s->now);
}

/* A try came to nothing. */
static void try_again(struct settling *s) {
    struct batch *b = s->batch;
    struct chunk *c = s->chunk;
    c->failed_tries++;
    if (b->stopped || c->failed_tries >= b->options.attempts) {
        decide(s);
        batch_end_chunk(b, c, s->now);
        return;
    }
    double wait = retry_backoff(c->failed_tries, erand48(b->random));
    wait = fmax(wait, fmin(s->response->retry_after, RETRY_AFTER_MAX));
    batch_wait_or_end(b, c, s->now + wait, s->now);
}

static void lose(struct settling *s) {
    s->chunk->lost = true;
    try_again(s);
}

/* One bad id, alone or among others. */
static void halve(struct settling *s) {
    if (count_pending(s) == 1) fail_pending(s);
    else if (!s->batch->stopped) {
        s->effects.out_of_memory = !batch_halve(s->batch, s->chunk, s->now);
        return;
    }
    batch_end_chunk(s->batch, s->chunk, s->now);
}

static void throttle(struct settling *s) {
    s->effects.throttled = true;
    s->effects.alone = s->response->code == CODE_TOO_MANY;
    s->effects.hold = fmax(s->effects.hold, MINUTE_SECONDS);
    batch_wait_or_end(s->batch, s->chunk, s->now, s->now);
}

static void follow(struct settling *s) {
    switch (s->disposition) {
    case RETRY_ACCEPT:
    case RETRY_PARTIAL:
    case RETRY_FAILED:
        if (settle_by_data(s)) batch_end_chunk(s->batch, s->chunk, s->now);
        else lose(s);
        return;
    case RETRY_LOST: lose(s); return;
    case RETRY_AGAIN: try_again(s); return;
    case RETRY_HALVE: halve(s); return;
    case RETRY_MINUTE: throttle(s); return;
    case RETRY_STOP: stop(s); return;
    }
}

/* Counts tries in a row without an answer, and the time of nothing but "too many". */
static void count_failures(struct settling *s) {
    const struct response *r = s->response;
    struct batch *b = s->batch;
    int status = r->status;
    bool answered = r->fault == KIND_NONE &&
                    (status == 429 || (r->has_envelope && status < 500 && status != 408));
    s->effects.answered = answered;
    b->consecutive_failures = answered ? 0 : b->consecutive_failures + 1;
    if (!s->effects.throttled && answered) b->throttled_since = INFINITY;
    if (s->effects.throttled && b->throttled_since == INFINITY)
        b->throttled_since = s->now;
}

static void give_up_where_hopeless(struct settling *s) {
    struct batch *b = s->batch;
    bool down = b->consecutive_failures >= CONSECUTIVE_FAILURES_MAX;
    if (b->stopped || !(down || s->now - b->throttled_since >= THROTTLED_MAX)) return;
    decide(s);
    batch_stop(b, NULL, s->now);
}

/* Memory for all that following the response may have to remember. */
static bool reserve(const struct settling *s) {
    const struct response *r = s->response;
    size_t texts = r->msg.len;
    for (uint32_t i = 0; i < r->detail_count; i++) texts += r->details[i].msg.len;
    return ledger_reserve_failures(s->ledger, count_pending(s), texts);
}

struct effects settle(struct batch *batch, struct chunk *chunk, const struct response *r,
                      double now) {
    struct settling s = {.batch = batch,
                         .ledger = batch->ledger,
                         .chunk = chunk,
                         .response = r,
                         .disposition = retry_disposition(r),
                         .now = now};
    assert(chunk->state == CHUNK_IN_FLIGHT);
    if (r->retry_after > 0) s.effects.hold = fmin(r->retry_after, RETRY_AFTER_MAX);
    if (!reserve(&s)) return (struct effects){.out_of_memory = true};
    chunk->entry.has_code = r->fault == KIND_NONE && r->has_envelope;
    chunk->entry.code = chunk->entry.has_code ? r->code : 0;
    chunk->entry.http_status = r->status;
    follow(&s);
    if (s.effects.out_of_memory) return s.effects;
    batch->in_flight--;
    count_failures(&s);
    give_up_where_hopeless(&s);
    return s.effects;
}
