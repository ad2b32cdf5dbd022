/* Chunks and their states, what to send next and when: see batch.h. What an answer means
 * for the ids of a chunk is settle.c's. */
#include "batch_internal.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* --- memory ------------------------------------------------------------------------ */

bool batch_reserve(void *array, uint32_t *capacity, size_t item, uint64_t needed)
{
    void **items = array;
    if (needed <= *capacity) return true;
    if (needed > UINT32_MAX / 2) return false;
    uint32_t room = (uint32_t)needed + *capacity / 2 + 8;
    void *grown = realloc(*items, room * item);
    if (!grown) return false;
    *items = grown;
    *capacity = room;
    return true;
}

/* Room for one more chunk in every list that it will ever stand in, so that nothing that
 * happens to it later can fail. */
static bool reserve_chunk(struct batch *b)
{
    return batch_reserve(&b->waiting, &b->waiting_capacity, sizeof *b->waiting,
                         (uint64_t)b->live + 2) &&
           batch_reserve(&b->accounts, &b->account_capacity, sizeof *b->accounts,
                         (uint64_t)b->account_count + b->live + 2);
}

struct chunk *batch_make_chunk(struct batch *b, uint32_t first, uint32_t last)
{
    if (!reserve_chunk(b)) return NULL;
    struct chunk *c = b->spare;
    if (c) b->spare = c->next;
    else if (!(c = malloc(sizeof *c))) return NULL;
    *c = (struct chunk){.state = CHUNK_WAITING, .first = first, .last = last, .due = -INFINITY};
    if (first == b->cursor) c->open = last - first; /* a fresh one */
    else for (uint32_t i = first; i < last; i++) c->open += b->states[i] == ID_PENDING;
    c->order = b->orders++;
    b->live++;
    return c;
}

bool batch_open(struct batch *b, const struct ids *ids, const struct batch_options *options)
{
    *b = (struct batch){.options = *options, .ids = ids, .random = options->seed};
    b->settled_end = &b->settled;
    b->throttled_since = INFINITY;
    b->tally[ID_PENDING] = ids->count;
    b->states = calloc(ids->count ? ids->count : 1, 1);
    return b->states != NULL;
}

static void free_list(struct chunk *c)
{
    for (struct chunk *next; c; c = next) {
        next = c->next;
        free(c);
    }
}

void batch_close(struct batch *b)
{
    for (uint32_t i = 0; i < b->waiting_count; i++) free(b->waiting[i]);
    free_list(b->settled);
    free_list(b->spare);
    free(b->waiting);
    free(b->states);
    free(b->failures);
    free(b->accounts);
    free(b->texts);
    *b = (struct batch){0};
}

/* --- the heap of waiting chunks ------------------------------------------------------ */

static bool sooner(const struct chunk *a, const struct chunk *b)
{
    return a->due < b->due || (a->due == b->due && a->order < b->order);
}

void batch_wait_until(struct batch *b, struct chunk *c, double due)
{
    c->state = CHUNK_WAITING;
    c->due = due;
    uint32_t at = b->waiting_count++;
    for (; at > 0 && sooner(c, b->waiting[(at - 1) / 2]); at = (at - 1) / 2)
        b->waiting[at] = b->waiting[(at - 1) / 2];
    b->waiting[at] = c;
}

static struct chunk *pop_waiting(struct batch *b)
{
    struct chunk *top = b->waiting[0], *mover = b->waiting[--b->waiting_count];
    uint32_t at = 0, child;
    while ((child = 2 * at + 1) < b->waiting_count) {
        if (child + 1 < b->waiting_count && sooner(b->waiting[child + 1], b->waiting[child]))
            child++;
        if (!sooner(b->waiting[child], mover)) break;
        b->waiting[at] = b->waiting[child];
        at = child;
    }
    if (b->waiting_count > 0) b->waiting[at] = mover;
    return top;
}

/* --- what to send next --------------------------------------------------------------- */

/* While nobody answers, no more requests are risked than the streak may still take, and
 * fresh chunks keep back: those that failed find out first. */
static bool may_fly(const struct batch *b)
{
    return !b->stopped && (b->streak == 0 || b->streak + b->flying < STREAK_MAX);
}

static bool may_start_fresh(const struct batch *b)
{
    return b->cursor < b->ids->count && (b->streak == 0 || b->waiting_count == 0);
}

struct chunk *batch_next(struct batch *b, double now, bool *out_of_memory)
{
    *out_of_memory = false;
    if (!may_fly(b)) return NULL;
    if (b->waiting_count > 0 && b->waiting[0]->due <= now) return pop_waiting(b);
    if (!may_start_fresh(b)) return NULL;
    uint32_t left = b->ids->count - b->cursor, size = b->options.chunk_size;
    struct chunk *c = batch_make_chunk(b, b->cursor, b->cursor + (left < size ? left : size));
    if (c) b->cursor = c->last;
    else *out_of_memory = true;
    return c;
}

double batch_due(const struct batch *b, double now)
{
    if (!may_fly(b)) return INFINITY;
    if (may_start_fresh(b)) return now;
    return b->waiting_count > 0 ? b->waiting[0]->due : INFINITY;
}

void batch_sent(struct batch *b, struct chunk *c, const char *trace_id, double now)
{
    assert(c->state == CHUNK_WAITING);
    c->state = CHUNK_FLYING;
    if (c->sent++ == 0) c->started = now;
    memcpy(c->trace_id, trace_id, sizeof c->trace_id);
    b->flying++;
}

void batch_return(struct batch *b, struct chunk *c)
{
    if (b->stopped) batch_end_chunk(b, c, c->started);
    else batch_wait_until(b, c, -INFINITY);
}

bool batch_done(const struct batch *b)
{
    return b->flying == 0 && b->waiting_count == 0 && !b->settled &&
           (b->stopped || b->cursor == b->ids->count);
}

/* --- ending -------------------------------------------------------------------------- */

void batch_end_chunk(struct batch *b, struct chunk *c, double now)
{
    if (c->lost) batch_mark_open(b, c, ID_UNKNOWN);
    c->state = CHUNK_SETTLED;
    b->live--;
    if (c->sent > 0) {
        struct account *a = &b->accounts[b->account_count++];
        *a = (struct account){.halved = c->halved, .amount = c->last - c->first,
                              .attempts = c->sent, .has_code = c->has_code,
                              .code = c->code, .http_status = c->http_status,
                              .seconds = now - c->started};
        memcpy(a->trace_id, c->trace_id, sizeof a->trace_id);
    }
    c->next = NULL;
    *b->settled_end = c;
    b->settled_end = &c->next;
}

struct chunk *batch_settled(struct batch *b)
{
    struct chunk *c = b->settled;
    if (!c) return NULL;
    b->settled = c->next;
    if (!b->settled) b->settled_end = &b->settled;
    c->next = b->spare;
    b->spare = c;
    return c;
}

void batch_stop(struct batch *b, const struct fault *fault, double now)
{
    if (fault && b->fault.kind == KIND_NONE) b->fault = *fault;
    b->stopped = true;
    while (b->waiting_count > 0) batch_end_chunk(b, pop_waiting(b), now);
}

double batch_random(struct batch *b) /* splitmix64 */
{
    uint64_t z = b->random += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (double)((z ^ z >> 31) >> 11) * 0x1p-53;
}
