/* When may the next request leave: see gate.h. */
#include "gate.h"

#include <math.h>
#include <stdlib.h>
#include "private.h"

/* A little more than a window, for clocks that don't tick alike. */
static const double window_seconds[WINDOWS] = {60.01, 3600.01};
/* The patience with jobs that come; each time that one doesn't halves it. */
static const double PATIENCE_SECONDS = 0.005;
/* So many answers give one place back after the service found us too concurrent. */
enum { ANSWERS_A_PLACE = 20 };

void gate_open(struct gate *g, uint64_t per_minute, uint64_t per_hour) {
    *g = (struct gate){.limit = {per_minute, per_hour},
                       .in_flight_max = CONCURRENCY_MAX,
                       .patience = PATIENCE_SECONDS};
    for (int p = 0; p < API_PATHS; p++)
        g->windows[p] = (struct window){.held_until = -INFINITY,
                                        .paused_until = -INFINITY,
                                        .throttled_since = INFINITY};
}

void gate_close(struct gate *g) {
    for (int p = 0; p < API_PATHS; p++) free(g->windows[p].answered_at);
    *g = (struct gate){0};
}

static double answered_at(const struct window *w, uint64_t number) {
    return w->answered_at[number % w->size];
}

/* Seconds until the minute or the hour, which is `i`, has room. */
static double window_wait(struct window *w, int i, uint64_t limit, double now) {
    if (limit == 0) return 0;
    while (w->first[i] < w->next &&
           answered_at(w, w->first[i]) + window_seconds[i] <= now)
        w->first[i]++;
    uint64_t used = w->in_flight + (w->next - w->first[i]);
    if (used < limit) return 0;
    /* As many answers have to leave the window as make room for one more. */
    uint64_t leaver = w->first[i] + (used - limit);
    if (leaver >= w->next) return INFINITY;
    return answered_at(w, leaver) + window_seconds[i] - now;
}

double gate_quota_wait(struct gate *g, const struct ticket *ticket, enum api_path path,
                       double now, const char **reason) {
    static const char *const limits[WINDOWS] = {"the minute's limit", "the hour's limit"};
    struct window *w = &g->windows[path];
    double wait = fmax(0, w->held_until - now);
    double pause = fmin(w->paused_until, w->paused_at + ticket->max_wait) - now;
    *reason = wait > 0 ? w->held_for : NULL;
    if (pause > wait) {
        wait = pause;
        *reason = w->paused_for;
    }
    for (int i = 0; i < WINDOWS; i++) {
        double left = window_wait(w, i, g->limit[i], now);
        if (left <= wait) continue;
        wait = left;
        *reason = limits[i];
    }
    return wait;
}

static bool is_limited(const struct gate *g) {
    return g->limit[0] != 0 || g->limit[1] != 0;
}

/* The oldest answer that the minute or the hour still needs. */
static uint64_t oldest(const struct gate *g, const struct window *w) {
    uint64_t first = w->next;
    for (int i = 0; i < WINDOWS; i++)
        if (g->limit[i] != 0 && w->first[i] < first) first = w->first[i];
    return first;
}

/* Doubles the ring; the numbers keep their meaning, so each moves to its new place. */
static bool grow(struct window *w, uint64_t first) {
    uint64_t size = w->size ? 2 * w->size : 64;
    double *ring = malloc(size * sizeof *ring);
    if (!ring) return false;
    for (uint64_t n = first; n < w->next; n++) ring[n % size] = answered_at(w, n);
    free(w->answered_at);
    w->answered_at = ring;
    w->size = size;
    return true;
}

static void enqueue(struct gate *g, struct ticket *ticket) {
    struct ticket **end = &g->queue;
    if (ticket->queued) return;
    while (*end) end = &(*end)->next;
    *end = ticket;
    ticket->queued = true;
    ticket->next = NULL;
}

static unsigned places(const struct gate *g, unsigned concurrency) {
    return concurrency < g->in_flight_max ? concurrency : g->in_flight_max;
}

double gate_room_wait(struct gate *g, const struct ticket *ticket, enum api_path path,
                      double now) {
    const char *reason;
    if (g->in_flight >= places(g, ticket->concurrency)) return INFINITY;
    return gate_quota_wait(g, ticket, path, now, &reason);
}

/* The same for one of these paths, a bit each. */
static double least_wait(struct gate *g, const struct ticket *ticket, unsigned paths) {
    double least = INFINITY;
    for (enum api_path p = 0; p < API_PATHS; p++)
        if (paths & 1u << p) least = fmin(least, gate_room_wait(g, ticket, p, g->now));
    return least;
}

/* The first in the queue who could use a free place; NULL: nobody could. */
static struct ticket *first_in_turn(struct gate *g) {
    struct ticket *t = g->queue;
    while (t && least_wait(g, t, t->paths) > 0) t = t->next;
    return t;
}

/* One that was told and hasn't been stepped since knows already. */
static void notify(struct gate *g, struct ticket *ticket) {
    if (ticket->notified > ticket->step) return;
    ticket->notified = ++g->steps;
    if (ticket->pollset) pollset_wake(ticket->pollset);
}

/* Whatever frees a place or shortens the queue comes here: who is told of nothing may
 * wait for ever. Where time has to pass before anybody can use the place, each is told
 * who doesn't know yet for how long. */
void gate_next(struct gate *g) {
    struct ticket *first = first_in_turn(g);
    if (first) notify(g, first);
    for (struct ticket *t = first ? NULL : g->queue; t; t = t->next)
        if (least_wait(g, t, t->blocked) < INFINITY) notify(g, t);
}

void gate_leave(struct gate *g, struct ticket *ticket) {
    struct ticket **at = &g->queue;
    if (!ticket->queued) return;
    while (*at != ticket) at = &(*at)->next;
    *at = ticket->next;
    ticket->queued = false;
    gate_next(g);
}

void gate_pass(struct gate *g, struct ticket *ticket) {
    if (ticket->notified == 0) return;
    ticket->notified = 0;
    gate_next(g);
}

void gate_abandon(struct gate *g) {
    for (; g->queue; g->queue = g->queue->next) g->queue->queued = false;
}

void gate_step(struct gate *g, struct ticket *ticket, bool waits) {
    ticket->step_before = ticket->step;
    ticket->step = ++g->steps;
    ticket->waits = waits;
}

/* Seconds until it is this job's turn. Who was told before this one's last step began and
 * hasn't come loses its own: perhaps nobody steps it any more. */
static double turn_wait(struct gate *g, struct ticket *ticket) {
    struct ticket *first = first_in_turn(g);
    if (!first || first == ticket || ticket->waits) return 0;
    gate_next(g);
    if (first->notified > ticket->step_before) return g->patience;
    gate_leave(g, first);
    g->patience /= 2;
    return 0;
}

void gate_ask(struct ticket *ticket) { ticket->paths = ticket->blocked = 0; }

double gate_wait(struct gate *g, struct ticket *ticket, enum api_path path, double now) {
    double wait = gate_room_wait(g, ticket, path, now);
    g->now = now;
    ticket->paths |= 1u << path;
    if (isinf(wait)) ticket->blocked |= 1u << path;
    if (wait <= 0) wait = turn_wait(g, ticket);
    if (wait > 0) enqueue(g, ticket);
    return wait;
}

bool gate_take(struct gate *g, struct ticket *ticket, enum api_path path) {
    struct window *w = &g->windows[path];
    /* Room for the answers of all in flight, so that gate_complete can't fail. */
    while (is_limited(g) && w->next - oldest(g, w) + w->in_flight + 1 > w->size)
        if (!grow(w, oldest(g, w))) return false;
    g->in_flight++;
    w->in_flight++;
    if (ticket != g->last) g->patience = PATIENCE_SECONDS;
    g->last = ticket;
    ticket->notified = 0;
    gate_leave(g, ticket);
    return true;
}

unsigned gate_in_flight(const struct gate *g) { return g->in_flight; }

void gate_lend(struct gate *g, enum api_path path) {
    g->in_flight--;
    g->windows[path].in_flight--;
}

void gate_complete(struct gate *g, enum api_path path, double now) {
    struct window *w = &g->windows[path];
    g->now = now;
    if (is_limited(g)) w->answered_at[w->next++ % w->size] = now;
    gate_lend(g, path);
    gate_next(g);
}

void gate_hold(struct gate *g, enum api_path path, double until, const char *reason) {
    struct window *w = &g->windows[path];
    if (until <= w->held_until) return;
    w->held_until = until;
    w->held_for = reason;
}

void gate_pause(struct gate *g, enum api_path path, double seconds, double now,
                const char *reason) {
    struct window *w = &g->windows[path];
    w->paused_at = now; /* also of a longer pause, which goes on */
    w->paused_until = fmax(w->paused_until, now + seconds);
    w->paused_for = reason;
}

void gate_throttle(struct gate *g, enum api_path path, bool throttled, double now) {
    struct window *w = &g->windows[path];
    w->throttled_since = throttled ? fmin(w->throttled_since, now) : INFINITY;
    w->throttled_at = now;
}

bool gate_is_throttled(const struct gate *g) {
    for (int p = 0; p < API_PATHS; p++)
        if (g->windows[p].throttled_since < INFINITY) return true;
    return false;
}

double gate_throttled_for(const struct gate *g, enum api_path path, double since) {
    const struct window *w = &g->windows[path];
    return w->throttled_at - fmax(w->throttled_since, since);
}

void gate_slow_down(struct gate *g) {
    g->in_flight_max = 1;
    g->answers = 0;
}

void gate_answered(struct gate *g) {
    if (g->in_flight_max >= CONCURRENCY_MAX || ++g->answers < ANSWERS_A_PLACE) return;
    g->in_flight_max++;
    g->answers = 0;
    gate_next(g);
}
