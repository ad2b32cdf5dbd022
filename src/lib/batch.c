/* Chunks and their states, what to send next and when: see batch.h. */
#include "batch.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "private.h"

/* A new chunk, in no list yet; NULL: out of memory. Its entry in the log is reserved, so
 * that nothing that happens to it later can fail. */
static struct chunk *make_chunk(struct batch *b, enum api_path path, uint32_t first,
                                uint32_t amount, bool gathered) {
    if (!ledger_reserve_entries(b->ledger, (uint64_t)b->live + 2)) return NULL;
    struct chunk *c = malloc(sizeof *c + (gathered ? amount * sizeof *c->indexes : 0));
    if (!c) return NULL;
    *c = (struct chunk){.state = CHUNK_WAITING,
                        .gathered = gathered,
                        .first = first,
                        .due = -INFINITY,
                        .entry = {.path = path, .amount = amount}};
    b->live++;
    return c;
}

void batch_open(struct batch *b, struct ledger *ledger,
                const struct batch_options *options) {
    uint32_t seed = (uint32_t)(options->seed ^ options->seed >> 32);
    *b = (struct batch){.options = *options,
                        .ledger = ledger,
                        .deleted_before = ledger_tally(ledger, ID_DELETED),
                        .random = {0x330e, (unsigned short)seed, /* as srand48 does */
                                   (unsigned short)(seed >> 16)}};
    b->settled_end = &b->settled;
    for (int path = 0; path < API_PATHS; path++)
        b->lanes[path].throttled_since = INFINITY;
    stops_open(&b->stops, ledger, options->stop_started, options->stop_timeout,
               b->random);
}

static void free_list(struct chunk *c) {
    for (struct chunk *next; c; c = next) {
        next = c->next;
        free(c);
    }
}

void batch_close(struct batch *b) {
    for (int path = 0; path < API_PATHS; path++) free_list(b->lanes[path].waiting);
    stops_close(&b->stops);
    free_list(b->settled);
    free(b->told);
    *b = (struct batch){0};
}

/* Few chunks wait at a time: those of lost requests and halves. */
static void wait_until(struct batch *b, struct chunk *c, double due) {
    struct chunk **at = &b->lanes[c->entry.path].waiting;
    c->state = CHUNK_WAITING;
    c->due = due;
    while (*at && ((*at)->due < due || ((*at)->due == due && (*at)->first < c->first)))
        at = &(*at)->next;
    c->next = *at;
    *at = c;
}

static struct chunk *take_waiting(struct lane *lane) {
    struct chunk *c = lane->waiting;
    lane->waiting = c->next;
    return c;
}

/* While nobody answers, no more requests are risked than may still fail in a row, and
 * fresh chunks keep back: those that failed find out first. */
static bool may_send(const struct batch *b, const struct lane *lane) {
    unsigned failures = lane->consecutive_failures;
    return !b->stopped &&
           (failures == 0 || failures + lane->in_flight < CONSECUTIVE_FAILURES_MAX);
}

/* When a chunk that isn't there yet may leave. */
static double fresh_due(const struct batch *b, enum api_path path, double now) {
    const struct lane *lane = &b->lanes[path];
    if (lane->consecutive_failures > 0 && lane->waiting) return INFINITY;
    if (path == PATH_DELETE && b->cursor < b->ledger->open) return now;
    return stops_due(&b->stops, path, b->options.chunk_size);
}

/* Where the next fresh chunk ends. What was asked for earlier stands in chunks of its
 * own: an id that the service chokes on must hold up no other. */
static uint32_t fresh_end(const struct batch *b) {
    const struct ledger *l = b->ledger;
    uint32_t end = b->cursor < l->fresh ? l->fresh : l->open,
             size = b->options.chunk_size;
    return end - b->cursor > size ? b->cursor + size : end;
}

/* Phones that are to be stopped, watched or deleted again. */
static struct chunk *gather(struct batch *b, enum api_path path, double now) {
    uint32_t size = b->options.chunk_size;
    struct chunk *c = make_chunk(b, path, 0, size, true);
    if (c) c->entry.amount = stops_take(&b->stops, path, size, now, c->indexes);
    return c;
}

/* The next of the list. */
static struct chunk *cut(struct batch *b) {
    uint32_t end = fresh_end(b);
    struct chunk *c = make_chunk(b, PATH_DELETE, b->cursor, end - b->cursor, false);
    if (c) b->cursor = end;
    return c;
}

struct chunk *batch_next(struct batch *b, enum api_path path, double now,
                         bool *out_of_memory) {
    struct lane *lane = &b->lanes[path];
    *out_of_memory = false;
    if (!may_send(b, lane)) return NULL;
    if (lane->waiting && lane->waiting->due <= now) return take_waiting(lane);
    if (fresh_due(b, path, now) > now) return NULL;
    bool gathers = stops_due(&b->stops, path, b->options.chunk_size) <= now;
    struct chunk *c = gathers ? gather(b, path, now) : cut(b);
    *out_of_memory = !c;
    return c;
}

unsigned batch_paths(const struct batch *b) {
    return b->stops.count > 0 ? API_PATHS : PATH_DELETE + 1;
}

double batch_due(const struct batch *b, enum api_path path, double now) {
    const struct lane *lane = &b->lanes[path];
    if (!may_send(b, lane)) return INFINITY;
    double due = fresh_due(b, path, now);
    return lane->waiting && lane->waiting->due < due ? lane->waiting->due : due;
}

const char *batch_due_reason(const struct batch *b, enum api_path path) {
    return b->lanes[path].waiting ? "the next try" : "phones that are shutting down";
}

/* A stop or status that waits for its next try goes without those whose time is over.
 * False: nobody is left. */
static bool drop_late(struct batch *b, struct chunk *c, double now) {
    uint32_t left = 0;
    for (uint32_t i = 0; i < c->entry.amount; i++)
        if (!stops_fail_late(&b->stops, c->indexes[i], now))
            c->indexes[left++] = c->indexes[i];
    if (left > 0) c->entry.amount = left;
    return left > 0;
}

static void expire_waiting(struct batch *b, enum api_path path, double now) {
    struct chunk **at = &b->lanes[path].waiting, *c;
    while ((c = *at)) {
        if (drop_late(b, c, now)) {
            at = &c->next;
            continue;
        }
        *at = c->next;
        batch_end_chunk(b, c, now);
    }
}

double batch_expiry(const struct batch *b) { return stops_expiry(&b->stops); }

void batch_expire(struct batch *b, double now) {
    expire_waiting(b, PATH_STOP, now);
    expire_waiting(b, PATH_STATUS, now);
    stops_expire(&b->stops, now);
}

void batch_sent(struct batch *b, struct chunk *c, const char *trace_id, double now) {
    assert(c->state == CHUNK_WAITING);
    c->state = CHUNK_IN_FLIGHT;
    if (c->entry.attempts++ == 0) c->started = now;
    memcpy(c->entry.trace_id, trace_id, sizeof c->entry.trace_id);
    b->in_flight++;
    b->lanes[c->entry.path].in_flight++;
}

void batch_request_settled(struct batch *b, enum api_path path) {
    b->in_flight--;
    b->lanes[path].in_flight--;
}

bool batch_done(const struct batch *b) {
    if (b->in_flight > 0 || b->settled || ledger_tally(b->ledger, ID_STOPPING) > 0)
        return false;
    for (int path = 0; path < API_PATHS; path++)
        if (b->lanes[path].waiting) return false;
    return b->stopped || b->cursor == b->ledger->open;
}

static void settle_chunk(struct batch *b, struct chunk *c, double now) {
    c->state = CHUNK_SETTLED;
    b->live--;
    if (c->entry.attempts > 0) {
        c->entry.seconds = now - c->started;
        ledger_log(b->ledger, &c->entry);
    }
    c->next = NULL;
    *b->settled_end = c;
    b->settled_end = &c->next;
}

/* A part of a chunk, as a chunk that waits no time; NULL: out of memory. */
static struct chunk *make_part(struct batch *b, const struct chunk *c, uint32_t from,
                               uint32_t amount) {
    struct chunk *part =
        make_chunk(b, c->entry.path, c->first + from, amount, c->gathered);
    if (!part) return NULL;
    part->failed_tries = c->failed_tries;
    part->asked = c->asked;
    for (uint32_t i = 0; c->gathered && i < amount; i++)
        part->indexes[i] = c->indexes[from + i];
    return part;
}

bool batch_halve(struct batch *b, struct chunk *c, double now) {
    uint32_t amount = c->entry.amount, half = amount / 2;
    struct chunk *left = make_part(b, c, 0, half);
    struct chunk *right = left ? make_part(b, c, half, amount - half) : NULL;
    if (!right) {
        b->live -= left != NULL;
        free(left);
        return false;
    }
    wait_until(b, left, -INFINITY);
    wait_until(b, right, -INFINITY);
    c->entry.halved = true;
    settle_chunk(b, c, now);
    return true;
}

bool batch_is_over(const struct batch *b, const struct chunk *c) {
    return b->stopped || (c->entry.path != PATH_DELETE && b->stops.ended);
}

void batch_wait_or_end(struct batch *b, struct chunk *c, double due, double now) {
    if (batch_is_over(b, c)) batch_end_chunk(b, c, now);
    else wait_until(b, c, due);
}

static bool is_open(const struct batch *b, const struct chunk *c, uint32_t i) {
    if (!c->gathered) return ledger_is_pending(b->ledger, c->first + i);
    return b->stops.entries[c->indexes[i]].stage == STOP_IN_REQUEST;
}

void batch_settle_open(struct batch *b, const struct chunk *c, enum finding finding,
                       struct reason reason) {
    uint32_t amount = c->entry.amount;
    if (!c->gathered) {
        ledger_settle_pending(b->ledger, c->first, c->first + amount, finding, reason);
        return;
    }
    for (uint32_t i = 0; i < amount; i++)
        if (is_open(b, c, i)) stops_settle(&b->stops, c->indexes[i], finding, reason);
}

void batch_mark_asked(struct batch *b, struct chunk *c) {
    if (c->entry.path != PATH_DELETE) return;
    c->asked = true;
    for (uint32_t i = 0; i < c->entry.amount; i++)
        if (is_open(b, c, i)) ledger_mark_asked(b->ledger, chunk_position(b, c, i));
}

void batch_end_chunk(struct batch *b, struct chunk *c, double now) {
    /* Of a phone that is being stopped it is known that delete refused it, unless a later
     * request to delete it may have been obeyed. */
    if (!c->gathered || c->asked)
        batch_settle_open(b, c, FOUND_NOTHING, (struct reason){0});
    for (uint32_t i = 0; c->gathered && i < c->entry.amount; i++)
        if (is_open(b, c, i)) stops_fail(&b->stops, c->indexes[i]);
    settle_chunk(b, c, now);
}

bool batch_next_stopping(const struct batch *b, const struct chunk *c, uint32_t *at,
                         struct failure *failure) {
    uint32_t end = c->gathered ? c->entry.amount : c->refused;
    while (*at < end) {
        uint32_t i = (*at)++, index = c->gathered ? c->indexes[i] : c->first_refused + i;
        const struct stop *s = &b->stops.entries[index];
        if (ledger_state(b->ledger, s->position) != ID_STOPPING) continue;
        *failure =
            (struct failure){.position = s->position, .code = s->code, .msg = s->msg};
        return true;
    }
    return false;
}

struct chunk *batch_settled(struct batch *b) {
    struct chunk *c = b->settled;
    free(b->told);
    b->told = c;
    if (c) b->settled = c->next;
    if (!b->settled) b->settled_end = &b->settled;
    return c;
}

static void end_waiting(struct batch *b, enum api_path path, double now) {
    while (b->lanes[path].waiting) batch_end_chunk(b, take_waiting(&b->lanes[path]), now);
}

void batch_stop(struct batch *b, const struct fault *fault, double now) {
    /* The first fault decides, and Ctrl-C whatever came before: see report.c. */
    bool decides =
        b->fault.kind == KIND_NONE || (fault && fault->kind == KIND_INTERRUPTED);
    if (fault && decides) b->fault = *fault;
    b->stopped = true;
    for (enum api_path path = 0; path < API_PATHS; path++) end_waiting(b, path, now);
    stops_end(&b->stops, true);
    /* What an earlier job asked for, and this one never comes to. */
    ledger_settle_pending(b->ledger, b->cursor, b->ledger->open, FOUND_NOTHING,
                          (struct reason){0});
    b->cursor = b->ledger->open;
}

void batch_end_stopping(struct batch *b, double now) {
    stops_end(&b->stops, false);
    end_waiting(b, PATH_STOP, now);
    end_waiting(b, PATH_STATUS, now);
}
