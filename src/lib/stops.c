/* The phones that a job stops: see stops.h. */
#include "stops.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "codes.h"
#include "private.h"

/* A stop waits so long for others that it can leave with. */
static const double STOP_GATHERS = 2; /* seconds */
/* A phone is looked at again after a time between the two. */
static const double WATCH_MIN = 5, WATCH_MAX = 10; /* seconds */
/* So often what status called shut down is deleted, and refused once more. */
enum { ROUNDS_MAX = 3 };

/* As status says it. */
enum { STATUS_STARTED = 0, STATUS_SHUT_DOWN = 2, STATUS_EXPIRED = 3 };

void stops_open(struct stops *t, struct ledger *ledger, bool enabled, double timeout,
                unsigned short random[3]) {
    *t = (struct stops){.ledger = ledger,
                        .timeout = timeout,
                        .ended = !enabled,
                        .random = random,
                        .drawn_at = -INFINITY};
}

void stops_close(struct stops *t) {
    free(t->entries);
    *t = (struct stops){0};
}

bool stops_reserve(struct stops *t, uint32_t count) {
    return t->ended || array_reserve(&t->entries, &t->capacity, sizeof *t->entries,
                                     (uint64_t)t->count + count);
}

static void wait_for(struct stops *t, uint32_t index, enum api_path path, double ready,
                     double due) {
    struct stop_queue *q = &t->queues[path];
    struct stop *s = &t->entries[index];
    s->stage = STOP_WAITS;
    s->path = path;
    s->ready = ready;
    s->due = due;
    if (q->count++ == 0) q->first = index;
    else t->entries[q->last].next = index;
    q->last = index;
}

static void end(struct stops *t, uint32_t index) { t->entries[index].stage = STOP_DONE; }

void stops_settle(struct stops *t, uint32_t index, enum finding finding,
                  struct reason reason) {
    assert(t->entries[index].stage == STOP_IN_REQUEST);
    ledger_settle(t->ledger, t->entries[index].position, finding, reason);
    end(t, index);
}

void stops_fail(struct stops *t, uint32_t index) {
    const struct stop *s = &t->entries[index];
    ledger_fail(t->ledger, s->position, s->code, s->msg);
    end(t, index);
}

/* The first of the queue leaves it; what is done behind it isn't there any more. */
static uint32_t take_first(struct stops *t, struct stop_queue *q) {
    uint32_t index = q->first;
    q->count--;
    q->first = t->entries[index].next;
    while (q->count > 0 && t->entries[q->first].stage == STOP_DONE)
        q->first = t->entries[q->first].next;
    return index;
}

double stops_due(const struct stops *t, enum api_path path, uint32_t max_ids) {
    const struct stop_queue *q = &t->queues[path];
    if (q->count == 0) return INFINITY;
    const struct stop *first = &t->entries[q->first];
    return path == PATH_STOP && q->count >= max_ids ? first->ready : first->due;
}

uint32_t stops_take(struct stops *t, enum api_path path, uint32_t max_ids, double now,
                    uint32_t *indexes) {
    struct stop_queue *q = &t->queues[path];
    uint32_t count = 0;
    while (count < max_ids && q->count > 0 && t->entries[q->first].ready <= now) {
        indexes[count] = take_first(t, q);
        t->entries[indexes[count++]].stage = STOP_IN_REQUEST;
    }
    return count;
}

static bool is_late(const struct stops *t, const struct stop *s, double now) {
    return s->since + t->timeout <= now;
}

bool stops_fail_late(struct stops *t, uint32_t index, double now) {
    bool late = is_late(t, &t->entries[index], now);
    if (late) stops_fail(t, index);
    return late;
}

/* Those that are watched from one moment on leave together: one draw is for all. None is
 * due before the one that it stands behind, nor later than it may. */
static void watch(struct stops *t, uint32_t index, double now) {
    const struct stop_queue *q = &t->queues[PATH_STATUS];
    if (t->drawn_at != now) {
        t->drawn_at = now;
        t->drawn_due = now + WATCH_MIN + (WATCH_MAX - WATCH_MIN) * erand48(t->random);
    }
    double before = q->count > 0 ? t->entries[q->last].due : -INFINITY;
    wait_for(t, index, PATH_STATUS, now + WATCH_MIN, fmax(before, t->drawn_due));
}

/* What isn't shut down yet is stopped or watched, while that is done at all. */
static void go_on(struct stops *t, uint32_t index, enum api_path path, double now) {
    if (t->ended || is_late(t, &t->entries[index], now)) stops_fail(t, index);
    else if (path == PATH_STOP) wait_for(t, index, path, now, now + STOP_GATHERS);
    else watch(t, index, now);
}

/* Notes what delete said. */
static void refuse(struct stops *t, uint32_t index, struct reason reason, double now) {
    struct stop *s = &t->entries[index];
    s->code = reason.code;
    s->msg = ledger_keep(t->ledger, reason);
    s->starting = reason.code == CODE_STARTING;
    go_on(t, index, s->starting ? PATH_STATUS : PATH_STOP, now);
}

static bool is_for_a_stop(const struct stops *t, struct reason reason) {
    return !t->ended && (reason.code == CODE_STARTED || reason.code == CODE_STARTING);
}

bool stops_add(struct stops *t, uint32_t position, struct reason reason, double now) {
    if (!is_for_a_stop(t, reason)) return false;
    assert(t->count < t->capacity);
    t->entries[t->count] = (struct stop){.position = position, .since = now};
    ledger_note_stopping(t->ledger, position);
    refuse(t, t->count++, reason, now);
    return true;
}

bool stops_refuse(struct stops *t, uint32_t index, struct reason reason, double now) {
    if (!is_for_a_stop(t, reason) || ++t->entries[index].rounds >= ROUNDS_MAX)
        return false;
    refuse(t, index, reason, now);
    return true;
}

void stops_accept(struct stops *t, uint32_t index, double now) {
    ledger_note_stopped(t->ledger, t->entries[index].position);
    go_on(t, index, PATH_STATUS, now);
}

void stops_see(struct stops *t, uint32_t index, long status, double now) {
    struct stop *s = &t->entries[index];
    bool is_down = status == STATUS_SHUT_DOWN || status == STATUS_EXPIRED;
    if (is_down && !t->stopped) {
        wait_for(t, index, PATH_DELETE, now, now);
        return;
    }
    bool to_stop = s->starting && status == STATUS_STARTED;
    if (to_stop) s->starting = false;
    go_on(t, index, to_stop ? PATH_STOP : PATH_STATUS, now);
}

double stops_expiry(const struct stops *t) {
    return t->judged < t->count ? t->entries[t->judged].since + t->timeout : INFINITY;
}

/* Fails one that waits, wherever it stands in its queue. */
static void fail_waiting(struct stops *t, uint32_t index) {
    struct stop_queue *q = &t->queues[t->entries[index].path];
    if (q->first == index) take_first(t, q);
    else q->count--;
    stops_fail(t, index);
}

/* Entries stand in the order of their time. */
void stops_expire(struct stops *t, double now) {
    for (; t->judged < t->count; t->judged++) {
        const struct stop *s = &t->entries[t->judged];
        if (s->stage == STOP_DONE) continue;
        if (!is_late(t, s, now)) return;
        if (s->stage == STOP_WAITS && s->path != PATH_DELETE) fail_waiting(t, t->judged);
    }
}

void stops_end(struct stops *t, bool stopped) {
    t->ended = true;
    t->stopped = t->stopped || stopped;
    for (enum api_path path = 0; path < API_PATHS; path++) {
        struct stop_queue *q = &t->queues[path];
        if (path == PATH_DELETE && !t->stopped) continue;
        while (q->count > 0) stops_fail(t, take_first(t, q));
    }
}
