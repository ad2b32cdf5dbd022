/* What the jobs of one client share: see client.h. */
#include "client.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "job.h"

/* How long a job that was called may take before the next one is. */
static const double TURN_SECONDS = 0.02;
/* So many answers give one place back after the service found us too concurrent. */
enum { ANSWERS_A_PLACE = 20 };

static bool copy(const char **field)
{
    return !*field || (*field = strdup(*field));
}

bool client_open(struct client *c, const struct client_settings *settings)
{
    struct transfer_settings network = settings->network;
    *c = (struct client){.most_in_flight = CONCURRENCY_MAX};
    quota_open(&c->quota, settings->requests_per_minute, settings->requests_per_hour);
    c->settings.network.path = JOB_DELETE_PATH;
    if (copy(&network.base_url)) c->settings.network.base_url = network.base_url;
    if (copy(&network.ca_file)) c->settings.network.ca_file = network.ca_file;
    if (copy(&network.proxy)) c->settings.network.proxy = network.proxy;
    c->sign = signer_new(&settings->credentials);
    return network.base_url && (network.ca_file || !settings->network.ca_file) &&
           (network.proxy || !settings->network.proxy) && c->sign;
}

static void close_all_but_transfer(struct client *c)
{
    struct transfer_settings *network = &c->settings.network;
    signer_free(c->sign);
    answer_close(&c->answer);
    quota_close(&c->quota);
    for (struct flight *f; (f = c->spare);) {
        c->spare = f->next;
        free(f->x.body.data);
        free(f->x.reply.body.data);
        free(f);
    }
    free((char *)network->base_url);
    free((char *)network->ca_file);
    if (network->proxy) memset((char *)network->proxy, 0, strlen(network->proxy));
    free((char *)network->proxy);
    *c = (struct client){0};
}

void client_close(struct client *c)
{
    transfer_free(c->transfer);
    close_all_but_transfer(c);
}

void client_abandon(struct client *c)
{
    transfer_abandon(c->transfer);
    close_all_but_transfer(c);
}

struct transfer *client_network(struct client *c)
{
    if (!c->transfer) c->transfer = transfer_new(&c->settings.network);
    return c->transfer;
}

/* --- places in flight -------------------------------------------------------------------- */

static void enqueue(struct client *c, struct turnstile *turn)
{
    struct turnstile **end = &c->queue;
    if (turn->queued) return;
    while (*end) end = &(*end)->next;
    *end = turn;
    turn->queued = true;
    turn->called = INFINITY;
    turn->next = NULL;
}

void client_leave(struct client *c, struct turnstile *turn)
{
    struct turnstile **at = &c->queue;
    if (!turn->queued) return;
    while (*at != turn) at = &(*at)->next;
    *at = turn->next;
    turn->queued = false;
}

static void call_first(struct client *c, double now)
{
    if (!c->queue || !isinf(c->queue->called)) return;
    c->queue->called = now;
    job_wake(c->queue->job);
}

/* Seconds until the place is this job's and not that of one that waited longer. A job that
 * doesn't come when it is called loses its turn: perhaps nobody drives it any more. */
static double queue_wait(struct client *c, struct turnstile *turn, double now)
{
    while (c->queue && c->queue != turn) {
        call_first(c, now);
        double left = c->queue->called + TURN_SECONDS - now;
        if (left > 0) {
            enqueue(c, turn);
            return left;
        }
        client_leave(c, c->queue);
    }
    return 0;
}

double client_wait(struct client *c, struct turnstile *turn, unsigned concurrency, double now)
{
    unsigned most = concurrency < c->most_in_flight ? concurrency : c->most_in_flight;
#ifdef GEELARK_MUTATE_CONCURRENCY
    most++;
#endif
    double wait = c->in_flight >= most ? INFINITY : quota_wait(&c->quota, now);
    if (wait > 0) {
        enqueue(c, turn);
        return wait;
    }
    return queue_wait(c, turn, now);
}

struct flight *client_take(struct client *c, struct turnstile *turn)
{
    struct flight *f = c->spare;
    if (!f) f = calloc(1, sizeof *f);
    else c->spare = f->next;
    if (!f) return NULL;
    f->next = NULL;
    if (!quota_take(&c->quota)) {
        client_recycle(c, f);
        return NULL;
    }
    client_leave(c, turn);
    f->x.landed = false;
    f->x.slot = NULL;
    f->x.body.size = 0;
    reply_reset(&f->x.reply);
    f->number = ++c->flights;
    f->holds_place = true;
    c->in_flight++;
    return f;
}

void client_landed(struct client *c, struct flight *f, double now)
{
    if (!f->holds_place) return;
    f->holds_place = false;
    c->in_flight--;
    quota_give(&c->quota, now);
    call_first(c, now);
}

void client_untake(struct client *c, struct flight *f)
{
    f->holds_place = false;
    c->in_flight--;
    quota_untake(&c->quota);
    client_recycle(c, f);
}

void client_recycle(struct client *c, struct flight *f)
{
    f->next = c->spare;
    c->spare = f;
}

/* --- what the service asks for ----------------------------------------------------------- */

void client_hold(struct client *c, double until)
{
    quota_hold(&c->quota, until);
}

void client_slow_down(struct client *c)
{
    c->most_in_flight = 1;
    c->answered = 0;
}

void client_answered(struct client *c)
{
    if (c->most_in_flight >= CONCURRENCY_MAX || ++c->answered < ANSWERS_A_PLACE) return;
    c->most_in_flight++;
    c->answered = 0;
}
