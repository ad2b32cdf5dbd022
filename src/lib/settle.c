/* What a response means for the ids of a chunk: see settle.h. */
#include "settle.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "audit.h"
#include "codes.h"
#include "retry.h"
#include "private.h"

/* So many ids refused one by one, and none deleted: the request is wrong, not the ids. */
enum { REFUSED_ALONE_MAX = 8 };

/* One call of settle. */
struct settling {
    struct batch *batch;
    struct ledger *ledger;
    struct chunk *chunk;
    const struct response *response;
    enum api_path path;
    uint32_t amount;                    /* of the chunk's ids */
    uint32_t positions[CHUNK_SIZE_MAX]; /* of its ids, where they aren't neighbours */
    struct audit audit;
    struct effects effects;
    double now;
};

static struct reason reason_of(const struct settling *s, long code, struct span msg) {
    return (struct reason){code, response_text(s->response, msg), msg.len};
}

/* All whose outcome isn't known yet get it by what the envelope says. */
static void settle_open(struct settling *s, enum finding finding) {
    batch_settle_open(s->batch, s->chunk, finding,
                      reason_of(s, s->response->code, s->response->msg));
}

/* Gives the chunk's i-th id its outcome. */
static void settle_one(struct settling *s, uint32_t i, enum finding finding,
                       struct reason reason) {
    const struct chunk *c = s->chunk;
    if (c->gathered) stops_settle(&s->batch->stops, c->indexes[i], finding, reason);
    else ledger_settle(s->ledger, c->first + i, finding, reason);
}

/* Whether a phone that delete refused is stopped. */
static bool begin_stop(struct settling *s, uint32_t i, struct reason reason) {
    struct stops *stops = &s->batch->stops;
    const struct chunk *c = s->chunk;
    return c->gathered ? stops_refuse(stops, c->indexes[i], reason, s->now)
                       : stops_add(stops, c->first + i, reason, s->now);
}

/* What failDetails says of the chunk's i-th id. */
static void settle_failed(struct settling *s, uint32_t i, const struct detail *d) {
    struct reason reason = reason_of(s, d->code, d->msg);
    if (d->code == CODE_NOT_FOUND) settle_one(s, i, FOUND_GONE, reason);
    else if (s->path == PATH_STATUS) /* it says nothing of the phone's state */
        stops_see(&s->batch->stops, s->chunk->indexes[i], -1, s->now);
    else if (s->path == PATH_STOP || !begin_stop(s, i, reason))
        settle_one(s, i, FOUND_FAILED, reason);
}

/* What status says of the phones, each at most once, and of those it doesn't name. */
static void see_all(struct settling *s) {
    const struct details *failed = &s->response->failed, *seen = &s->response->statuses;
    struct stops *stops = &s->batch->stops;
    const uint32_t *indexes = s->chunk->indexes, *at = s->audit.at + failed->count;
    for (uint32_t i = 0; i < seen->count; i++)
        stops_see(stops, indexes[at[i]], seen->list[i].code, s->now);
    for (uint32_t i = 0; i < s->amount; i++)
        if (!s->audit.named[i]) stops_see(stops, indexes[i], -1, s->now);
}

static void accept_all(struct settling *s) {
    for (uint32_t i = 0; i < s->amount; i++)
        if (!s->audit.named[i])
            stops_accept(&s->batch->stops, s->chunk->indexes[i], s->now);
}

/* Settles by data that add up: who isn't named was deleted, or will be stopped. */
static void settle_by_data(struct settling *s) {
    const struct details *failed = &s->response->failed;
    struct chunk *c = s->chunk;
    s->batch->lanes[s->path].accepted = true;
    c->first_refused = s->batch->stops.count;
    for (uint32_t i = 0; i < failed->count; i++)
        settle_failed(s, s->audit.at[i], &failed->list[i]);
    c->refused = s->batch->stops.count - c->first_refused;
    if (s->path == PATH_DELETE) settle_open(s, FOUND_DELETED);
    else if (s->path == PATH_STOP) accept_all(s);
    else see_all(s);
    batch_end_chunk(s->batch, s->chunk, s->now);
}

/* Only what deleting meets decides how the job ends. */
static void decide(struct settling *s, const char *flaw) {
    struct fault *fault = &s->batch->fault;
    if (fault->kind == KIND_NONE && s->path == PATH_DELETE)
        retry_fault(fault, s->response, s->chunk->entry.trace_id, flaw);
}

/* Nothing more of the kind is sent: the job ends, or the stopping of phones alone. */
static void stop_sending(struct settling *s) {
    if (s->path == PATH_DELETE) batch_stop(s->batch, NULL, s->now);
    else batch_end_stopping(s->batch, s->now);
}

static void stop(struct settling *s, const char *flaw) {
    s->effects.lost.retry_in = INFINITY;
    decide(s, flaw);
    stop_sending(s);
    batch_end_chunk(s->batch, s->chunk, s->now);
}

/* Stops where the service asks for a longer pause than the caller wants to wait for.
 * False: it doesn't. */
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
    lost->retry_in = batch_is_over(s->batch, s->chunk) ? INFINITY : retry_in;
    retry_fault(&lost->fault, r, s->chunk->entry.trace_id, flaw);
}

static void try_again(struct settling *s, const char *flaw) {
    struct batch *b = s->batch;
    struct chunk *c = s->chunk;
    c->failed_tries++;
    note_lost(s, flaw, INFINITY);
    if (stop_for_pause(s, flaw)) return;
    s->effects.pause = fmax(0, s->response->retry_after);
    s->effects.reason = "the service asked for a pause";
    if (batch_is_over(b, c) || c->failed_tries >= b->options.attempts) {
        decide(s, flaw);
        if (s->path != PATH_DELETE) batch_end_stopping(b, s->now);
        batch_end_chunk(b, c, s->now);
        return;
    }
    double wait = retry_backoff(c->failed_tries, erand48(b->random));
    wait = fmax(wait, s->effects.pause);
    s->effects.lost.retry_in = wait;
    batch_wait_or_end(b, c, s->now + wait, s->now);
}

/* The service may have obeyed. */
static void lose(struct settling *s, const char *flaw) {
    batch_mark_asked(s->batch, s->chunk);
    try_again(s, flaw);
}

/* Refused without being named. What refuses to stop or to show a phone has not been asked
 * to delete it: there the code itself, or else delete's, is why it failed. */
static void refuse(struct settling *s) {
    if (s->response->code == CODE_NOT_FOUND) settle_open(s, FOUND_GONE);
    else if (s->path == PATH_DELETE) settle_open(s, FOUND_REFUSED);
    else if (s->path == PATH_STOP) settle_open(s, FOUND_FAILED);
}

/* One id stood alone in its chunk. */
static void refuse_alone(struct settling *s) {
    struct batch *b = s->batch;
    struct lane *lane = &b->lanes[s->path];
    refuse(s);
    bool worked = s->path == PATH_DELETE
                      ? ledger_tally(s->ledger, ID_DELETED) > b->deleted_before
                      : lane->accepted;
    if (++lane->refused_alone >= REFUSED_ALONE_MAX && !worked) stop(s, "");
    else batch_end_chunk(b, s->chunk, s->now);
}

static void halve(struct settling *s) {
    if (s->amount == 1) refuse_alone(s);
    else if (batch_is_over(s->batch, s->chunk))
        batch_end_chunk(s->batch, s->chunk, s->now);
    else s->effects.out_of_memory = !batch_halve(s->batch, s->chunk, s->now);
}

static void throttle(struct settling *s) {
    double pause = s->response->retry_after;
    s->effects.throttled = true;
    s->effects.alone = s->response->code == CODE_TOO_MANY;
    s->effects.hold = MINUTE_SECONDS;
    s->effects.reason =
        s->effects.alone ? "too many requests at once" : "the minute's limit";
    note_lost(s, "", fmax(pause, MINUTE_SECONDS));
    if (stop_for_pause(s, "")) return;
    s->effects.pause = fmax(0, pause);
    batch_wait_or_end(s->batch, s->chunk, s->now, s->now);
}

static void follow(struct settling *s, enum disposition then) {
    enum data data = audit_judge(&s->audit);
    bool stops = then == RETRY_STOP || then == RETRY_UNLISTED;
    if (audit_contradicts(&s->audit, then, data)) {
        if (!stops || s->response->foreign) {
            lose(s, s->audit.flaw);
            return;
        }
        batch_mark_asked(s->batch, s->chunk);
    }
    switch (then) {
    case RETRY_ACCEPT:
    case RETRY_PARTIAL: settle_by_data(s); return;
    case RETRY_FAILED:
    case RETRY_HALVE:
        if (data == DATA_SOUND) settle_by_data(s);
        else if (then == RETRY_HALVE) halve(s);
        else {
            refuse(s);
            batch_end_chunk(s->batch, s->chunk, s->now);
        }
        return;
    case RETRY_LOST: lose(s, ""); return;
    case RETRY_AGAIN: try_again(s, ""); return;
    case RETRY_MINUTE: throttle(s); return;
    case RETRY_UNLISTED:
        if (s->path == PATH_DELETE) settle_open(s, FOUND_UNLISTED);
        stop(s, "");
        return;
    case RETRY_STOP: stop(s, ""); return;
    }
}

/* Counts tries in a row without an answer, and the time of nothing but "too many". */
static void count_failures(struct settling *s) {
    struct lane *lane = &s->batch->lanes[s->path];
    bool answered = retry_is_answer(s->response);
    s->effects.answered = answered;
    lane->consecutive_failures = answered ? 0 : lane->consecutive_failures + 1;
    if (!s->effects.throttled && answered) lane->throttled_since = INFINITY;
    if (s->effects.throttled && lane->throttled_since == INFINITY)
        lane->throttled_since = s->now;
}

static void give_up_where_hopeless(struct settling *s) {
    const struct lane *lane = &s->batch->lanes[s->path];
    bool down = lane->consecutive_failures >= CONSECUTIVE_FAILURES_MAX;
    bool refused =
        s->effects.throttled && s->now - lane->throttled_since >= THROTTLED_MAX;
    if (batch_is_over(s->batch, s->chunk) || !(down || refused)) return;
    decide(s, "");
    stop_sending(s);
    s->effects.lost.retry_in = INFINITY;
}

/* Memory for all that following the response may have to remember. */
static bool reserve(const struct settling *s) {
    const struct response *r = s->response;
    size_t texts = r->msg.len;
    for (uint32_t i = 0; i < r->failed.count; i++) texts += r->failed.list[i].msg.len;
    /* Twice the envelope's words: for the log, and for whom it refuses. */
    return ledger_reserve_failures(s->ledger, s->amount + 1, texts + r->msg.len) &&
           stops_reserve(&s->batch->stops, s->amount);
}

/* Where the chunk's ids stand in the list. */
static struct ids_part find_part(struct settling *s) {
    const struct chunk *c = s->chunk;
    for (uint32_t i = 0; c->gathered && i < s->amount; i++)
        s->positions[i] = chunk_position(s->batch, c, i);
    return (struct ids_part){c->gathered ? s->positions : NULL, c->first, s->amount};
}

struct effects settle(struct batch *batch, struct chunk *chunk, const struct response *r,
                      double now) {
    struct settling s = {.batch = batch,
                         .ledger = batch->ledger,
                         .chunk = chunk,
                         .response = r,
                         .path = chunk->entry.path,
                         .amount = chunk->entry.amount,
                         .now = now};
    assert(chunk->state == CHUNK_IN_FLIGHT);
    s.audit = (struct audit){
        .ids = &batch->ledger->ids, .part = find_part(&s), .path = s.path, .response = r};
    if (!reserve(&s)) return (struct effects){.out_of_memory = true};
    chunk->entry.has_code = false;
    if (r->fault == KIND_NONE && r->has_envelope)
        ledger_note(s.ledger, &chunk->entry, reason_of(&s, r->code, r->msg));
    chunk->entry.http_status = r->status;
    uint32_t unknown = ledger_tally(s.ledger, ID_UNKNOWN);
    follow(&s, retry_disposition(r));
    if (s.effects.out_of_memory) return s.effects;
    if (ledger_tally(s.ledger, ID_UNKNOWN) > unknown) decide(&s, "");
    batch_request_settled(batch, s.path);
    count_failures(&s);
    give_up_where_hopeless(&s);
    return s.effects;
}
