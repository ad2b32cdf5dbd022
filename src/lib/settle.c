/* What an answer, or the lack of one, settles for the ids of a chunk: see batch.h.
 *
 * An answer is believed where it adds up. Where it doesn't, the ids that it names as failed
 * are failed all the same, and all others count as lost: they may be gone already. */
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "batch_internal.h"
#include "codes.h"
#include "retry.h"

/* A service that says for so long nothing but "too many" won't change its mind. */
static const double THROTTLED_MAX = 3600; /* seconds */
static const double RETRY_AFTER_MAX = 3600;

/* --- outcomes ------------------------------------------------------------------------ */

void batch_mark(struct batch *b, struct chunk *c, uint32_t position, enum id_state state)
{
    assert(b->states[position] == ID_PENDING && state != ID_PENDING);
    b->states[position] = (unsigned char)state;
    b->tally[ID_PENDING]--;
    b->tally[state]++;
    c->open--;
}

void batch_mark_open(struct batch *b, struct chunk *c, enum id_state state)
{
    uint32_t marked = 0;
    for (uint32_t i = c->first; i < c->last; i++) {
        if (b->states[i] != ID_PENDING) continue;
        b->states[i] = (unsigned char)state;
        marked++;
    }
    assert(state != ID_PENDING && marked == c->open);
    b->tally[ID_PENDING] -= marked;
    b->tally[state] += marked;
    c->open = 0;
}

static bool reserve_texts(struct batch *b, size_t more)
{
    if (b->texts_size + more <= b->texts_capacity) return true;
    if (b->texts_size + more > UINT32_MAX) return false;
    size_t room = b->texts_size + more + b->texts_capacity / 2;
    char *texts = realloc(b->texts, room);
    if (!texts) return false;
    b->texts = texts;
    b->texts_capacity = room;
    return true;
}

const char *batch_text(const struct batch *b, uint32_t text, size_t *len)
{
    uint32_t length;
    memcpy(&length, b->texts + text, sizeof length);
    *len = length;
    return b->texts + text + sizeof length;
}

/* Keeps a text; the last few distinct ones are found again, which is nearly all. */
static uint32_t keep_text(struct batch *b, const char *text, size_t len)
{
    enum { RECENT = sizeof b->recent_texts / sizeof *b->recent_texts };
    unsigned known = b->recent_count < RECENT ? b->recent_count : RECENT;
    for (unsigned i = 0; i < known; i++) {
        size_t held;
        const char *old = batch_text(b, b->recent_texts[i], &held);
        if (held == len && memcmp(old, text, len) == 0) return b->recent_texts[i];
    }
    uint32_t at = (uint32_t)b->texts_size, length = (uint32_t)len;
    memcpy(b->texts + at, &length, sizeof length);
    if (len > 0) memcpy(b->texts + at + sizeof length, text, len);
    b->texts_size += sizeof length + len;
    b->recent_texts[b->recent_count++ % RECENT] = at;
    return at;
}

/* The API says that this id failed. Gone after a lost answer, it counts as deleted. */
static void fail_id(struct batch *b, struct chunk *c, uint32_t position, long code,
                    const char *msg, size_t msg_len)
{
    bool presume = c->lost;
#ifdef GEELARK_MUTATE_NO_PRESUMPTION
    presume = false;
#endif
#ifdef GEELARK_MUTATE_PRESUME_ALWAYS
    presume = true;
#endif
    if (code == CODE_NOT_FOUND && presume) {
        batch_mark(b, c, position, ID_PRESUMED);
        return;
    }
    batch_mark(b, c, position, ID_FAILED);
    /* In the caller's order: chunks settle nearly so, and the way back is short. */
    uint32_t at = b->failure_count++;
    for (; at > 0 && b->failures[at - 1].position > position; at--)
        b->failures[at] = b->failures[at - 1];
    b->failures[at] = (struct failure){
        .position = position, .code = code, .text = keep_text(b, msg, msg_len)};
}

static void fail_open(struct batch *b, struct chunk *c, const struct verdict *v)
{
    for (uint32_t i = c->first; i < c->last && c->open > 0; i++)
        if (b->states[i] == ID_PENDING)
            fail_id(b, c, i, v->code, v->msg ? v->msg : "", v->msg ? v->msg_len : 0);
}

/* --- does it add up? ------------------------------------------------------------------ */

struct naming {
    uint32_t position;
    const struct detail *detail;
};

static uint32_t find_open(const struct batch *b, const struct chunk *c, uint32_t start,
                          const struct detail *d)
{
    if (!d->id || d->code == 0) return c->last;
    uint32_t at = ids_find(b->ids, c->first, c->last, start, d->id, d->id_len);
    return at < c->last && b->states[at] == ID_PENDING ? at : c->last;
}

static int by_position(const void *a, const void *b)
{
    const struct naming *x = a, *y = b;
    if (x->position != y->position) return x->position < y->position ? -1 : 1;
    return x->detail < y->detail ? -1 : x->detail > y->detail;
}

/* Collects what failDetails says of ids that were asked for, in their order, into `named`
 * (room for one entry a detail). An id named with two codes is not named. Returns how
 * many; *sound: nothing stood there but that. */
static uint32_t collect(const struct batch *b, const struct chunk *c, const struct verdict *v,
                        struct naming *named, bool *sound)
{
    uint32_t count = 0, kept = 0, start = c->first;
    bool sorted = true;
    *sound = v->details_sound;
    for (size_t i = 0; i < v->detail_count; i++) {
        uint32_t at = find_open(b, c, start, &v->details[i]);
        if (at == c->last) {
            *sound = false;
            continue;
        }
        if (count > 0 && at <= named[count - 1].position) sorted = false;
        named[count++] = (struct naming){at, &v->details[i]};
        start = at + 1 < c->last ? at + 1 : c->first;
    }
    if (sorted) return count;
    qsort(named, count, sizeof *named, by_position);
    for (uint32_t i = 0, end; i < count; i = end) {
        bool agreed = true;
        for (end = i + 1; end < count && named[end].position == named[i].position; end++)
            if (named[end].detail->code != named[i].detail->code) agreed = false;
        if (end > i + 1) *sound = false;
        if (agreed) named[kept++] = named[i];
    }
    return kept;
}

static bool adds_up(const struct chunk *c, const struct verdict *v, uint32_t named, bool sound)
{
    return sound && v->has_amounts && v->total == c->open && v->fail == named &&
           v->success >= 0 && v->success + v->fail == v->total;
}

/* Settles what the answer accounts for. False: ids are left that it doesn't account for. */
static bool settle_by_data(struct batch *b, struct chunk *c, const struct verdict *v,
                           enum course course, struct naming *named)
{
    bool sound;
    uint32_t count = collect(b, c, v, named, &sound);
    bool believed = adds_up(c, v, count, sound);
    bool no_success = !v->has_amounts || v->success <= 0;
    if (course == COURSE_PARTIAL && count == 0) believed = false;
    if (v->code == 40009 && !no_success) believed = false;
#ifdef GEELARK_MUTATE_BELIEVE
    believed = v->has_amounts;
#endif
    for (uint32_t i = 0; i < count; i++)
        fail_id(b, c, named[i].position, named[i].detail->code, named[i].detail->msg,
                named[i].detail->msg_len);
    if (believed) batch_mark_open(b, c, ID_DELETED);
    else if (course == COURSE_FAILED && no_success) fail_open(b, c, v);
    return c->open == 0;
}

/* --- what follows --------------------------------------------------------------------- */

static void decide(struct batch *b, const struct chunk *c, const struct verdict *v)
{
    if (b->fault.kind == KIND_NONE)
        fault_from_verdict(&b->fault, v, retry_kind(v), c->trace_id);
}

static void stop(struct batch *b, struct chunk *c, const struct verdict *v, double now)
{
    decide(b, c, v);
    batch_stop(b, NULL, now);
    batch_end_chunk(b, c, now);
}

/* Puts it back, or ends it where the job has been stopped. */
static void wait_or_end(struct batch *b, struct chunk *c, double due, double now)
{
    if (b->stopped) batch_end_chunk(b, c, now);
    else batch_wait_until(b, c, due);
}

/* A try came to nothing. */
static void try_again(struct batch *b, struct chunk *c, const struct verdict *v, double now)
{
    unsigned most = b->options.attempts;
#ifdef GEELARK_MUTATE_ATTEMPTS
    most++;
#endif
    c->faults++;
    if (b->stopped || c->faults >= most) {
        decide(b, c, v);
#ifdef GEELARK_MUTATE_CLAIM_UNKNOWN
        batch_mark_open(b, c, ID_DELETED);
#endif
        batch_end_chunk(b, c, now);
        return;
    }
    double wait = retry_backoff(c->faults, batch_random(b));
    wait_or_end(b, c, now + fmax(wait, fmin(v->retry_after, RETRY_AFTER_MAX)), now);
}

/* One bad id, alone or among others. The halves know what the chunk knew. */
static bool halve(struct batch *b, struct chunk *c, const struct verdict *v, double now)
{
    if (c->open == 1) {
        fail_open(b, c, v);
        batch_end_chunk(b, c, now);
        return true;
    }
    if (b->stopped) {
        batch_end_chunk(b, c, now);
        return true;
    }
    uint32_t middle = c->first;
    for (uint32_t half = c->open / 2; half > 0; middle++) half -= b->states[middle] == ID_PENDING;
    struct chunk *left = batch_make_chunk(b, c->first, middle);
    struct chunk *right = left ? batch_make_chunk(b, middle, c->last) : NULL;
    if (!right) {
        if (left) {
            left->next = b->spare;
            b->spare = left;
            b->live--;
        }
        return false;
    }
    left->lost = right->lost = c->lost;
    left->faults = right->faults = c->faults;
    batch_wait_until(b, left, now);
#ifdef GEELARK_MUTATE_DROP_HALF
    right->lost = true;
    batch_end_chunk(b, right, now);
#else
    batch_wait_until(b, right, now);
#endif
    c->halved = true;
    c->lost = false; /* its ids live on in the halves */
    batch_end_chunk(b, c, now);
    return true;
}

/* Counts tries in a row without an answer, and the hour of nothing but "too many". */
static void count_streaks(struct batch *b, const struct verdict *v, struct consequence *then,
                          double now)
{
    int status = v->http_status;
    then->answered = v->fault == KIND_NONE &&
                     (status == 429 || (v->has_envelope && status < 500 && status != 408));
    b->streak = then->answered ? 0 : b->streak + 1;
    if (!then->throttled && then->answered) b->throttled_since = INFINITY;
    if (then->throttled && b->throttled_since == INFINITY) b->throttled_since = now;
}

static void give_up_where_hopeless(struct batch *b, const struct chunk *c,
                                   const struct verdict *v, double now)
{
    bool down = b->streak >= STREAK_MAX;
    if (b->stopped || !(down || now - b->throttled_since >= THROTTLED_MAX)) return;
    decide(b, c, v);
    batch_stop(b, NULL, now);
}

static void hold(struct batch *b, struct chunk *c, enum course course,
                 struct consequence *then, double now)
{
    then->throttled = true;
    then->alone = course == COURSE_ALONE;
    double least = MINUTE_SECONDS;
#ifdef GEELARK_MUTATE_SHORT_HOLD
    least = 20;
#endif
    then->hold = fmax(then->hold, least);
    wait_or_end(b, c, now, now);
}

static void follow(struct batch *b, struct chunk *c, const struct verdict *v,
                   enum course course, struct consequence *then, struct naming *named,
                   double now)
{
    switch (course) {
    case COURSE_ACCEPT:
    case COURSE_PARTIAL:
    case COURSE_FAILED:
        if (settle_by_data(b, c, v, course, named)) {
            batch_end_chunk(b, c, now);
            return;
        }
        c->lost = true;
        try_again(b, c, v, now);
        return;
    case COURSE_LOST:
        c->lost = true;
#ifdef GEELARK_MUTATE_DROP_LOST
        c->lost = false;
        batch_end_chunk(b, c, now);
        return;
#endif
        try_again(b, c, v, now);
        return;
    case COURSE_AGAIN: try_again(b, c, v, now); return;
    case COURSE_HALVE: then->out_of_memory = !halve(b, c, v, now); return;
    case COURSE_MINUTE:
    case COURSE_ALONE: hold(b, c, course, then, now); return;
    case COURSE_STOP:
    case COURSE_LOCK: stop(b, c, v, now); return;
    }
}

/* Memory for all that following the verdict may have to keep. */
static bool reserve(struct batch *b, const struct chunk *c, const struct verdict *v,
                    struct naming **named)
{
    size_t texts = sizeof(uint32_t) + v->msg_len;
    for (size_t i = 0; i < v->detail_count; i++)
        texts += sizeof(uint32_t) + v->details[i].msg_len;
    *named = NULL;
    return batch_reserve(&b->failures, &b->failure_capacity, sizeof *b->failures,
                         (uint64_t)b->failure_count + c->open) &&
           reserve_texts(b, texts) &&
           (v->detail_count == 0 || (*named = malloc(v->detail_count * sizeof **named)));
}

struct consequence batch_settle(struct batch *b, struct chunk *c, const struct verdict *v,
                                double now)
{
    struct consequence then = {0};
    struct verdict seen = *v;
    enum course course = retry_course(v);
    struct naming *named;
    assert(c->state == CHUNK_FLYING);
    if (course == COURSE_LOCK) seen.retry_after = fmax(v->retry_after, LOCK_SECONDS);
    if (course == COURSE_MINUTE || course == COURSE_ALONE)
        seen.retry_after = fmax(v->retry_after, MINUTE_SECONDS);
    if (v->retry_after > 0) then.hold = fmin(v->retry_after, RETRY_AFTER_MAX);
    if (!reserve(b, c, v, &named)) {
        then.out_of_memory = true;
        return then;
    }
    c->has_code = v->fault == KIND_NONE && v->has_envelope;
    c->code = c->has_code ? v->code : 0;
    c->http_status = v->http_status;
    then.throttled = course == COURSE_MINUTE || course == COURSE_ALONE;
    follow(b, c, &seen, course, &then, named, now);
    free(named);
    if (then.out_of_memory) return then;
    b->flying--;
    count_streaks(b, v, &then, now);
    give_up_where_hopeless(b, c, &seen, now);
    return then;
}
