/* Sliding windows over the requests of one API path: see quota.h. */
#include "quota.h"

#include <math.h>
#include <stdlib.h>

/* A little more than a window, for clocks that don't tick alike. */
#ifdef GEELARK_MUTATE_WINDOW
static const double window_seconds[QUOTA_WINDOWS] = {59.0, 3599.0};
#else
static const double window_seconds[QUOTA_WINDOWS] = {60.01, 3600.01};
#endif

void quota_open(struct quota *q, uint64_t per_minute, uint64_t per_hour)
{
    *q = (struct quota){.limit = {per_minute, per_hour}, .held_until = -INFINITY};
}

void quota_close(struct quota *q)
{
    free(q->ring);
    q->ring = NULL;
    q->size = 0;
}

static double answered_at(const struct quota *q, uint64_t number)
{
    return q->ring[number % q->size];
}

/* Seconds until window w has room. */
static double window_wait(struct quota *q, int w, double now)
{
    if (q->limit[w] == 0) return 0;
    while (q->first[w] < q->next && answered_at(q, q->first[w]) + window_seconds[w] <= now)
        q->first[w]++;
    uint64_t limit = q->limit[w];
#ifdef GEELARK_MUTATE_QUOTA_LIMIT
    limit++;
#endif
    uint64_t used = q->in_flight + (q->next - q->first[w]);
    if (used < limit) return 0;
    /* As many answers have to leave the window as make room for one more. */
    uint64_t leaver = q->first[w] + (used - limit);
    if (leaver >= q->next) return INFINITY;
    return answered_at(q, leaver) + window_seconds[w] - now;
}

double quota_wait(struct quota *q, double now)
{
    double wait = fmax(0, q->held_until - now);
    for (int w = 0; w < QUOTA_WINDOWS; w++) wait = fmax(wait, window_wait(q, w, now));
    return wait;
}

/* The oldest answer that any window still needs. */
static uint64_t oldest(const struct quota *q)
{
    uint64_t first = q->next;
    for (int w = 0; w < QUOTA_WINDOWS; w++)
        if (q->limit[w] != 0 && q->first[w] < first) first = q->first[w];
    return first;
}

/* Doubles the ring; the numbers keep their meaning, so each moves to its new place. */
static bool grow(struct quota *q)
{
    uint64_t size = q->size ? 2 * q->size : 64;
    double *ring = malloc(size * sizeof *ring);
    if (!ring) return false;
    for (uint64_t n = oldest(q); n < q->next; n++) ring[n % size] = answered_at(q, n);
    free(q->ring);
    q->ring = ring;
    q->size = size;
    return true;
}

bool quota_take(struct quota *q)
{
    bool counts = q->limit[0] != 0 || q->limit[1] != 0;
    /* Room for the answers of all in flight, so that quota_give can't fail. */
    while (counts && q->next - oldest(q) + q->in_flight + 1 > q->size)
        if (!grow(q)) return false;
    q->in_flight++;
    return true;
}

void quota_untake(struct quota *q)
{
    q->in_flight--;
}

void quota_give(struct quota *q, double now)
{
    q->in_flight--;
    if (q->limit[0] == 0 && q->limit[1] == 0) return;
    q->ring[q->next % q->size] = now;
    q->next++;
}

void quota_hold(struct quota *q, double until)
{
    q->held_until = fmax(q->held_until, until);
}
