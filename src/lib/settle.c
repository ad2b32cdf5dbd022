/* What a response means for the ids of a chunk: see settle.h. */
#include "settle.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "codes.h"
#include "retry.h"
#include "private.h"

/* A service that says for so long nothing but "too many" won't change its mind. */
static const double THROTTLED_MAX = 300; /* seconds */
/* So many ids refused one by one, and none deleted: the request is wrong, not the ids. */
enum { REFUSED_ALONE_MAX = 8 };

enum { FLAW_SIZE = 120 };

/* What an answer's data are good for. */
enum data {
    DATA_NONE, /* they name nobody and contradict nothing */
    DATA_SOUND,
    DATA_FLAWED
};

/* One call of settle. */
struct settling {
    struct batch *batch;
    struct ledger *ledger;
    struct chunk *chunk;
    const struct response *response;
    bool named[CHUNK_SIZE_MAX];         /* each id of the chunk, by failDetails */
    uint32_t positions[CHUNK_SIZE_MAX]; /* of the ids that its entries name */
    char flaw[FLAW_SIZE];               /* which part of the answer doesn't add up */
    struct effects effects;
    double now;
};

static struct reason reason_of(const struct settling *s, long code, struct span msg) {
    return (struct reason){code, response_text(s->response, msg), msg.len};
}

/* All whose outcome isn't known yet get it by what the envelope says. */
static void settle_pending(struct settling *s, enum finding finding) {
    struct reason reason = reason_of(s, s->response->code, s->response->msg);
    ledger_settle_pending(s->ledger, s->chunk->first, s->chunk->last, finding, reason);
}

static void settle_and_end(struct settling *s, enum finding finding) {
    settle_pending(s, finding);
    batch_end_chunk(s->batch, s->chunk, s->now);
}

/* Notes which entry of failDetails names each id. Returns what is wrong with them, NULL
 * for nothing. Entries mostly stand in the order of the request: it looks there first. */
static const char *collect(struct settling *s) {
    const struct response *r = s->response;
    const struct chunk *c = s->chunk;
    uint32_t start = c->first;
    if (!r->details_sound) return "failDetails is no list";
    for (uint32_t i = 0; i < r->detail_count; i++) {
        const struct detail *d = &r->details[i];
        if (!d->has_id || d->code == 0)
            return "failDetails has an entry without id or code";
        uint32_t at = ids_find(&s->ledger->ids, c->first, c->last, start,
                               response_text(r, d->id), d->id.len);
        if (at == c->last) return "failDetails names an id that was not asked for";
        if (s->named[at - c->first]) return "failDetails names an id twice";
        s->named[at - c->first] = true;
        s->positions[i] = at;
        start = at + 1 < c->last ? at + 1 : c->first;
    }
    return NULL;
}

static bool amounts_add_up(const struct response *r) {
    return r->success >= 0 && r->fail >= 0 && r->success <= r->total &&
           r->fail == r->total - r->success;
}

/* Judges an answer's data; `pending` ids were asked for. */
static enum data judge(struct settling *s, uint32_t pending) {
    const struct response *r = s->response;
    const char *flaw = collect(s);
    uint32_t named = r->detail_count;
    bool names_nobody = !r->has_amounts || (r->total == 0 && amounts_add_up(r)) ||
                        (r->total == pending && r->fail == pending && r->success == 0);
    if (flaw) snprintf(s->flaw, sizeof s->flaw, "%s", flaw);
    else if (named == 0 && names_nobody) {
        snprintf(s->flaw, sizeof s->flaw, "%s",
                 r->has_amounts ? "failDetails is missing" : "there are no amounts");
        return DATA_NONE;
    } else if (!r->has_amounts) snprintf(s->flaw, sizeof s->flaw, "there are no amounts");
    else if (r->total != pending)
        snprintf(s->flaw, sizeof s->flaw,
                 "totalAmount says %" PRId64 ", %u were asked for", r->total, pending);
    else if (!amounts_add_up(r))
        snprintf(s->flaw, sizeof s->flaw,
                 "successAmount %" PRId64 " and failAmount %" PRId64
                 " are not totalAmount %" PRId64,
                 r->success, r->fail, r->total);
    else if (r->fail != named)
        snprintf(s->flaw, sizeof s->flaw,
                 "failDetails names %u ids, failAmount says %" PRId64, named, r->fail);
    else return DATA_SOUND;
    return DATA_FLAWED;
}

/* Settles by data that add up: who isn't named was deleted. */
static void settle_by_data(struct settling *s) {
    const struct response *r = s->response;
    for (uint32_t i = 0; i < r->detail_count; i++) {
        const struct detail *d = &r->details[i];
        ledger_settle(s->ledger, s->positions[i],
                      d->code == CODE_NOT_FOUND ? FOUND_GONE : FOUND_FAILED,
                      reason_of(s, d->code, d->msg));
    }
    settle_and_end(s, FOUND_DELETED);
}

static void decide(struct settling *s, const char *flaw) {
    struct fault *fault = &s->batch->fault;
    if (fault->kind == KIND_NONE)
        retry_fault(fault, s->response, s->chunk->entry.trace_id, flaw);
}

static void stop(struct settling *s, const char *flaw) {
    s->effects.lost.retry_in = INFINITY;
    decide(s, flaw);
    batch_stop(s->batch, NULL, s->now);
    batch_end_chunk(s->batch, s->chunk, s->now);
}

/* The service asks for a longer pause than the caller wants to wait. False: it doesn't.
 */
static bool stop_for_pause(struct settling *s, const char *flaw) {
    if (s->response->retry_after <= s->batch->options.max_wait) return false;
    stop(s, flaw);
    return true;
}

/* A try came to nothing; the next one comes after `retry_in` seconds. */
static void note_lost(struct settling *s, const char *flaw, double retry_in) {
    const struct response *r = s->response;
    struct lost_try *lost = &s->effects.lost;
    lost->happened = true;
    lost->sent = r->fault == KIND_NONE || r->sent;
    lost->retry_in = s->batch->stopped ? INFINITY : retry_in;
    retry_fault(&lost->fault, r, s->chunk->entry.trace_id, flaw);
}

static void try_again(struct settling *s, const char *flaw) {
    struct batch *b = s->batch;
    struct chunk *c = s->chunk;
    c->failed_tries++;
    note_lost(s, flaw, INFINITY);
    if (stop_for_pause(s, flaw)) return;
    if (b->stopped || c->failed_tries >= b->options.attempts) {
        decide(s, flaw);
        batch_end_chunk(b, c, s->now);
        return;
    }
    s->effects.hold = fmax(0, s->response->retry_after);
    s->effects.reason = "the service asked for a pause";
    double wait = retry_backoff(c->failed_tries, erand48(b->random));
    wait = fmax(wait, s->effects.hold);
    s->effects.lost.retry_in = wait;
    batch_wait_or_end(b, c, s->now + wait, s->now);
}

/* The service may have obeyed. */
static void lose(struct settling *s, const char *flaw) {
    ledger_mark_asked(s->ledger, s->chunk->first, s->chunk->last);
    try_again(s, flaw);
}

/* One id, alone in its chunk, was refused without being named. */
static void refuse_alone(struct settling *s) {
    struct batch *b = s->batch;
    settle_pending(s, s->response->code == CODE_NOT_FOUND ? FOUND_GONE : FOUND_REFUSED);
    if (++b->refused_alone >= REFUSED_ALONE_MAX &&
        ledger_tally(s->ledger, ID_DELETED) == b->deleted_before)
        stop(s, "");
    else batch_end_chunk(b, s->chunk, s->now);
}

static void halve(struct settling *s, uint32_t pending) {
    if (pending == 1) refuse_alone(s);
    else if (s->batch->stopped) batch_end_chunk(s->batch, s->chunk, s->now);
    else s->effects.out_of_memory = !batch_halve(s->batch, s->chunk, s->now);
}

static void throttle(struct settling *s) {
    s->effects.throttled = true;
    s->effects.alone = s->response->code == CODE_TOO_MANY;
    s->effects.hold = fmax(s->response->retry_after, MINUTE_SECONDS);
    s->effects.reason =
        s->effects.alone ? "too many requests at once" : "the minute's limit";
    note_lost(s, "", s->effects.hold);
    if (stop_for_pause(s, "")) return;
    batch_wait_or_end(s->batch, s->chunk, s->now, s->now);
}

/* Whether the answer contradicts itself, or is another request's. Only success and
 * partial success let data claim that anything was deleted. */
static bool contradicts(struct settling *s, enum disposition then, enum data data) {
    const struct response *r = s->response;
    bool may_claim = then == RETRY_ACCEPT || then == RETRY_PARTIAL;
    if (r->foreign)
        snprintf(s->flaw, sizeof s->flaw, "it bears the traceId of another request");
    else if (!may_claim && r->has_amounts && r->success > 0)
        snprintf(s->flaw, sizeof s->flaw, "code %ld with successAmount %" PRId64, r->code,
                 r->success);
    else if (then == RETRY_PARTIAL && data == DATA_SOUND && r->fail == 0)
        snprintf(s->flaw, sizeof s->flaw, "code %ld with failAmount 0", r->code);
    else return may_claim ? data != DATA_SOUND : then < RETRY_LOST && data == DATA_FLAWED;
    return true;
}

static void follow(struct settling *s, enum disposition then) {
    uint32_t pending = s->chunk->last - s->chunk->first;
    enum data data = judge(s, pending);
    bool stops = then == RETRY_STOP || then == RETRY_UNLISTED;
    if (contradicts(s, then, data)) {
        if (!stops || s->response->foreign) {
            lose(s, s->flaw);
            return;
        }
        ledger_mark_asked(s->ledger, s->chunk->first, s->chunk->last);
    }
    switch (then) {
    case RETRY_ACCEPT:
    case RETRY_PARTIAL: settle_by_data(s); return;
    case RETRY_FAILED:
    case RETRY_HALVE:
        if (data == DATA_SOUND) settle_by_data(s);
        else if (then == RETRY_HALVE) halve(s, pending);
        else settle_and_end(s, FOUND_REFUSED);
        return;
    case RETRY_LOST: lose(s, ""); return;
    case RETRY_AGAIN: try_again(s, ""); return;
    case RETRY_MINUTE: throttle(s); return;
    case RETRY_UNLISTED:
        settle_pending(s, FOUND_UNLISTED);
        stop(s, "");
        return;
    case RETRY_STOP: stop(s, ""); return;
    }
}

/* Counts tries in a row without an answer, and the time of nothing but "too many". */
static void count_failures(struct settling *s) {
    struct batch *b = s->batch;
    bool answered = retry_is_answer(s->response);
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
    decide(s, "");
    batch_stop(b, NULL, s->now);
    s->effects.lost.retry_in = INFINITY;
}

/* Memory for all that following the response may have to remember. */
static bool reserve(const struct settling *s) {
    const struct response *r = s->response;
    size_t texts = r->msg.len;
    for (uint32_t i = 0; i < r->detail_count; i++) texts += r->details[i].msg.len;
    /* Twice the envelope's words: for the log, and for whom it refuses. */
    return ledger_reserve_failures(s->ledger, s->chunk->last - s->chunk->first + 1,
                                   texts + r->msg.len);
}

struct effects settle(struct batch *batch, struct chunk *chunk, const struct response *r,
                      double now) {
    struct settling s = {.batch = batch,
                         .ledger = batch->ledger,
                         .chunk = chunk,
                         .response = r,
                         .now = now};
    assert(chunk->state == CHUNK_IN_FLIGHT);
    if (!reserve(&s)) return (struct effects){.out_of_memory = true};
    chunk->entry.has_code = false;
    if (r->fault == KIND_NONE && r->has_envelope)
        ledger_note(s.ledger, &chunk->entry, reason_of(&s, r->code, r->msg));
    chunk->entry.http_status = r->status;
    uint32_t unknown = ledger_tally(s.ledger, ID_UNKNOWN);
    follow(&s, retry_disposition(r));
    if (s.effects.out_of_memory) return s.effects;
    if (ledger_tally(s.ledger, ID_UNKNOWN) > unknown) decide(&s, "");
    batch->in_flight--;
    count_failures(&s);
    give_up_where_hopeless(&s);
    return s.effects;
}
