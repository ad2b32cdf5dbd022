/* When may the next request leave: see gate.h. */
#include "gate.h"

#include <math.h>
#include <stdlib.h>
#include "private.h"

/* A little more than a window, for clocks that don't tick alike. */
static const double window_seconds[WINDOWS] = {60.01, 3600.01};
/* How long a job may take whose turn it is before the next one has it. */
static const double TURN_SECONDS = 0.02;
/* So many answers give one place back after the service found us too concurrent. */
enum { ANSWERS_A_PLACE = 20 };

void gate_open(struct gate *g, uint64_t per_minute, uint64_t per_hour) {
    *g = (struct gate){.limit = {per_minute, per_hour},
                       .held_until = -INFINITY,
                       .in_flight_max = CONCURRENCY_MAX};
}

void gate_close(struct gate *g) {
    free(g->answered_at);
    *g = (struct gate){0};
}

static double answered_at(const struct gate *g, uint64_t number) {
    return g->answered_at[number % g->size];
}

/* Seconds until window w has room. */
static double window_wait(struct gate *g, int w, double now) {
    if (g->limit[w] == 0) return 0;
    while (g->first[w] < g->next &&
           answered_at(g, g->first[w]) + window_seconds[w] <= now)
        g->first[w]++;
    uint64_t used = g->in_flight + (g->next - g->first[w]);
    if (used < g->limit[w]) return 0;
    /* As many answers have to leave the window as make room for one more. */
    uint64_t leaver = g->first[w] + (used - g->limit[w]);
    if (leaver >= g->next) return INFINITY;
    return answered_at(g, leaver) + window_seconds[w] - now;
}

double gate_quota_wait(struct gate *g, double now) {
    double wait = fmax(0, g->held_until - now);
    for (int w = 0; w < WINDOWS; w++) wait = fmax(wait, window_wait(g, w, now));
    return wait;
}

static bool is_limited(const struct gate *g) {
    return g->limit[0] != 0 || g->limit[1] != 0;
}

/* The oldest answer that any window still needs. */
static uint64_t oldest(const struct gate *g) {
    uint64_t first = g->next;
    for (int w = 0; w < WINDOWS; w++)
        if (g->limit[w] != 0 && g->first[w] < first) first = g->first[w];
    return first;
}

/* Doubles the ring; the numbers keep their meaning, so each moves to its new place. */
static bool grow(struct gate *g) {
    uint64_t size = g->size ? 2 * g->size : 64;
    double *ring = malloc(size * sizeof *ring);
    if (!ring) return false;
    for (uint64_t n = oldest(g); n < g->next; n++) ring[n % size] = answered_at(g, n);
    free(g->answered_at);
    g->answered_at = ring;
    g->size = size;
    return true;
}

static void enqueue(struct gate *g, struct ticket *ticket) {
    struct ticket **end = &g->queue;
    if (ticket->queued) return;
    while (*end) end = &(*end)->next;
    *end = ticket;
    ticket->queued = true;
    ticket->notified_at = INFINITY;
    ticket->next = NULL;
}

void gate_leave(struct gate *g, struct ticket *ticket) {
    struct ticket **at = &g->queue;
    if (!ticket->queued) return;
    while (*at != ticket) at = &(*at)->next;
    *at = ticket->next;
    ticket->queued = false;
}

static void notify_first(struct gate *g, double now) {
    struct ticket *first = g->queue;
    if (!first || !isinf(first->notified_at)) return;
    first->notified_at = now;
    if (first->pollset) pollset_wake(first->pollset);
}

/* Seconds until it is this job's turn. One that doesn't come when it is notified loses
 * its own: perhaps nobody steps it any more. */
static double queue_wait(struct gate *g, struct ticket *ticket, double now) {
    while (g->queue && g->queue != ticket) {
        notify_first(g, now);
        double left = g->queue->notified_at + TURN_SECONDS - now;
        if (left > 0) return left;
        gate_leave(g, g->queue);
    }
    return 0;
}

double gate_wait(struct gate *g, struct ticket *ticket, unsigned concurrency,
                 double now) {
    unsigned most = concurrency < g->in_flight_max ? concurrency : g->in_flight_max;
    double wait = g->in_flight >= most ? INFINITY : gate_quota_wait(g, now);
    if (wait <= 0) wait = queue_wait(g, ticket, now);
    if (wait > 0) enqueue(g, ticket);
    return wait;
}

bool gate_take(struct gate *g, struct ticket *ticket) {
    /* Room for the answers of all in flight, so that gate_complete can't fail. */
    while (is_limited(g) && g->next - oldest(g) + g->in_flight + 1 > g->size)
        if (!grow(g)) return false;
    gate_leave(g, ticket);
    g->in_flight++;
    return true;
}

unsigned gate_in_flight(const struct gate *g) { return g->in_flight; }

void gate_refund(struct gate *g) { g->in_flight--; }

void gate_complete(struct gate *g, double now) {
    g->in_flight--;
    if (is_limited(g)) g->answered_at[g->next++ % g->size] = now;
    notify_first(g, now);
}

void gate_hold(struct gate *g, double until) {
    g->held_until = fmax(g->held_until, until);
}

void gate_slow_down(struct gate *g) {
    g->in_flight_max = 1;
    g->answers = 0;
}

void gate_answered(struct gate *g) {
    if (g->in_flight_max >= CONCURRENCY_MAX || ++g->answers < ANSWERS_A_PLACE) return;
    g->in_flight_max++;
    g->answers = 0;
}
