/* One call of delete, driven turn by turn: see job.h. */
#include "job.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A job whose descriptor doesn't watch the network is woken by those whose does, and looks
 * by itself so often in case that nobody drives them. */
static const double SECOND_HAND_SECONDS = 0.25;
/* A shorter wait may be lost in a clock's last digit, and would come again for ever. */
static const double WAIT_MIN = 1e-6; /* seconds */

/* Bytes: a shorter secret could stand in an id or a name by chance, or in any text. */
enum { SECRET_IN_ANSWER = 8, SECRET_IN_TEXT = 4 };

/* --- opening and closing ------------------------------------------------------------------ */

bool job_open(struct job *job, struct client *client, const struct job_options *options,
              double now)
{
    job->client = client;
    job->options = *options;
    job->landed_end = &job->landed;
    job->started = now;
    job->ended = INFINITY;
    job->turn.job = job;
    return batch_open(&job->batch, &job->ids, &options->batch);
}

static void watch_network(struct job *job)
{
    struct client *c = job->client;
    if (job->watching || !c->transfer || c->watchers == WATCHERS_MAX) return;
    job->watching = pollset_watch(job->pollset, transfer_fd(c->transfer), true, false, false);
    if (job->watching) c->watchers++;
}

static void unwatch_network(struct job *job)
{
    if (!job->watching) return;
    pollset_watch(job->pollset, transfer_fd(job->client->transfer), false, false, false);
    job->client->watchers--;
    job->watching = false;
}

static void close_flights(struct job *job, struct flight *list, bool abandon)
{
    for (struct flight *f = list, *next; f; f = next) {
        next = f->next;
        if (f->x.slot && !abandon) transfer_cut(job->client->transfer, &f->x);
        client_landed(job->client, f, job->started);
        free(f->chunk);
        client_recycle(job->client, f);
    }
}

void job_close(struct job *job, bool abandon)
{
    if (job->client) {
        client_leave(job->client, &job->turn);
        close_flights(job, job->boarding, abandon);
        close_flights(job, job->flying, abandon);
        close_flights(job, job->landed, abandon);
    }
    if (!abandon) unwatch_network(job);
    pollset_free(job->pollset);
    batch_close(&job->batch);
    ids_close(&job->ids);
    *job = (struct job){0};
}

void job_release(struct job *job)
{
    uint32_t count = job->ids.count, tally[ID_STATES];
    memcpy(tally, job->batch.tally, sizeof tally);
    unwatch_network(job);
    pollset_free(job->pollset);
    job->pollset = NULL;
    batch_close(&job->batch);
    ids_close(&job->ids);
    job->ids.count = count;
    memcpy(job->batch.tally, tally, sizeof tally);
}

/* --- the request's body ------------------------------------------------------------------ */

/* {"ids":["…","…"]} of the chunk's open ids. */
static bool write_body(const struct job *job, const struct chunk *chunk, struct buffer *body)
{
    static const char head[] = "{\"ids\":[", tail[] = "]}";
    char *out = buffer_room(body, sizeof head + sizeof tail + (size_t)chunk->open * ID_JSON_MAX);
    if (!out) return false;
    memcpy(out, head, sizeof head - 1);
    out = ids_write_json(&job->ids, chunk->first, chunk->last, job->batch.states,
                         out + sizeof head - 1);
    memcpy(out, tail, sizeof tail - 1);
    body->size = (size_t)(out - body->data) + sizeof tail - 1;
    return true;
}

/* --- secrets ------------------------------------------------------------------------------- */

/* What the service sends back of our secrets goes no further. */
static void redact_answer(const struct job *job, struct flight *f)
{
    struct buffer *body = &f->x.reply.body;
    if (body->size > 0)
        signer_redact(job->client->sign, &f->x.stamp, body->data, body->size, SECRET_IN_ANSWER);
}

/* A fault's texts are for people alone, so that short secrets, too, can be overwritten. */
static void redact_fault(struct job *job, const struct flight *f)
{
    struct fault *fault = &job->batch.fault;
    signer_redact(job->client->sign, &f->x.stamp, fault->text, strlen(fault->text), SECRET_IN_TEXT);
    signer_redact(job->client->sign, &f->x.stamp, fault->excerpt, strlen(fault->excerpt),
                SECRET_IN_TEXT);
}

/* --- turns --------------------------------------------------------------------------------- */

void job_stop(struct job *job, const struct fault *fault, double now)
{
    batch_stop(&job->batch, fault, now);
}

void job_land(struct job *job, struct flight *f, double now)
{
    struct flight **at = &job->flying;
    while (*at != f) at = &(*at)->next;
    *at = f->next;
    f->next = NULL;
    *job->landed_end = f;
    job->landed_end = &f->next;
    client_landed(job->client, f, now);
    job_wake(job);
}

/* Hands what the network brought to the jobs that it belongs to. */
static void collect(struct job *job, double now)
{
    struct exchange *x;
    if (!job->client->transfer) return;
    while ((x = transfer_landed(job->client->transfer))) {
        struct flight *f = x->owner;
        job_land(f->job, f, now);
    }
}

void job_cut(struct job *job, const struct fault *fault, double now)
{
    batch_stop(&job->batch, fault, now);
    for (struct flight *f; (f = job->flying);) {
        f->x.reply.sent = true;
        if (f->x.slot) transfer_cut(job->client->transfer, &f->x);
        exchange_fail(&f->x, fault->kind, f->x.reply.sent, fault->text);
        job_land(job, f, now);
    }
    /* The signer may be gone before the answers that came in time are read. */
    for (struct flight *f = job->landed; f; f = f->next) redact_answer(job, f);
    client_leave(job->client, &job->turn);
    unwatch_network(job);
    job_wake(job); /* it may have waited for nothing but time */
}

static void stop_for_deadline(struct job *job, double now)
{
    struct fault fault;
    fault_set(&fault, KIND_DEADLINE, "the deadline has passed");
    job_cut(job, &fault, now);
}

/* A transport of the caller's that doesn't answer in time has lost the answer. */
static void expire_flights(struct job *job, double now)
{
    for (struct flight *f = job->flying, *next; f; f = next) {
        next = f->next;
        if (f->expires > now) continue;
        exchange_fail(&f->x, KIND_TIMEOUT, true, "no answer in time");
        job_land(job, f, now);
    }
}

static double deadline_at(const struct job *job)
{
    return job->started + job->options.deadline;
}

/* When the next request could leave, as seen from now; 0 for at once. */
static double send_wait(struct job *job, double now)
{
    double due = batch_due(&job->batch, now);
    if (due == INFINITY) { /* a chunk that was not sent after all is due at -INFINITY */
        client_leave(job->client, &job->turn);
        return INFINITY;
    }
    if (due > now) return due - now;
    return client_wait(job->client, &job->turn, job->options.concurrency, now);
}

/* Makes the next request ready; TURN_WAIT where none may leave. */
static struct turn board(struct job *job, struct moment m)
{
    struct turn turn = {TURN_WAIT, NULL, NULL};
    bool out_of_memory;
    if (send_wait(job, m.now) > 0) return turn;
    struct chunk *chunk = batch_next(&job->batch, m.now, &out_of_memory);
    turn.kind = TURN_NO_MEMORY;
    if (!chunk) return turn;
    struct flight *f = client_take(job->client, &job->turn);
    if (!f) {
        batch_return(&job->batch, chunk);
        return turn;
    }
    f->job = job;
    f->chunk = chunk;
    f->x.owner = f;
    f->x.timeout = job->options.timeout;
    f->x.connect_timeout = job->options.connect_timeout;
    if (!write_body(job, chunk, &f->x.body)) {
        job->boarding = f;
        job_return(job, f);
        return turn;
    }
    job->boarding = f;
    return (struct turn){TURN_SEND, f, NULL};
}

static struct turn offer_boarding(struct job *job, struct moment m)
{
    struct flight *f = job->boarding;
    if (job->batch.stopped) {
        job_return(job, f);
        return job_turn(job, m);
    }
    if (signer_sign(job->client->sign, &f->x.stamp, m.wall))
        return (struct turn){TURN_SEND, f, NULL};
    struct fault fault;
    fault_set(&fault, KIND_CONFIG, "no random bytes from the system, or no SHA-256 from libcrypto");
    job_return(job, f);
    job_stop(job, &fault, m.now);
    return job_turn(job, m);
}

/* Nothing is in flight and the next request could only leave after the deadline: there is
 * no reason to wait for that. */
static bool leaves_too_late(struct job *job, double now)
{
    if (job->flying || job->batch.stopped) return false;
    double wait = send_wait(job, now);
    return !isinf(wait) && now + wait >= deadline_at(job);
}

struct turn job_turn(struct job *job, struct moment m)
{
    struct chunk *settled;
    job->wall = m.wall;
    collect(job, m.now);
    if (!job->batch.stopped && m.now >= deadline_at(job)) stop_for_deadline(job, m.now);
    if (!job->options.network) expire_flights(job, m.now);
    if (job->landed) return (struct turn){TURN_ANSWER, job->landed, NULL};
    if ((settled = batch_settled(&job->batch))) return (struct turn){TURN_SETTLED, NULL, settled};
    if (!job->boarding) {
        struct turn turn = board(job, m);
        if (turn.kind == TURN_NO_MEMORY) return turn;
    }
    if (job->boarding) return offer_boarding(job, m);
    if (!job->flying && batch_done(&job->batch)) {
        if (isinf(job->ended)) job->ended = m.now;
        unwatch_network(job);
        client_leave(job->client, &job->turn);
        return (struct turn){TURN_DONE, NULL, NULL};
    }
    if (leaves_too_late(job, m.now)) {
        stop_for_deadline(job, m.now);
        return job_turn(job, m);
    }
    return (struct turn){TURN_WAIT, NULL, NULL};
}

bool job_launch(struct job *job, struct flight *f, double now)
{
    if (job->options.network) {
        struct transfer *network = client_network(job->client);
        if (!network || !transfer_start(network, &f->x)) return false;
    }
    f->expires = now + job->options.timeout;
    batch_sent(&job->batch, f->chunk, f->x.stamp.trace_id, now);
    job->boarding = NULL;
    f->next = job->flying;
    job->flying = f;
    return true;
}

void job_return(struct job *job, struct flight *f)
{
    job->boarding = NULL;
    batch_return(&job->batch, f->chunk);
    client_untake(job->client, f);
}

struct flight *job_find(struct job *job, uint64_t number)
{
    struct flight *f = job->flying;
    while (f && f->number != number) f = f->next;
    return f;
}

bool job_settle(struct job *job, struct flight *f, double now)
{
    struct verdict verdict;
    bool well = job->batch.fault.kind == KIND_NONE;
    redact_answer(job, f);
    if (!answer_read(&job->client->answer, &f->x.reply, &verdict)) return false;
    struct consequence then = batch_settle(&job->batch, f->chunk, &verdict, now);
    if (then.out_of_memory) return false;
    if (well && job->batch.fault.kind != KIND_NONE) redact_fault(job, f);
    if (then.hold > 0) client_hold(job->client, now + then.hold);
    if (then.alone) client_slow_down(job->client);
    else if (then.answered && !then.throttled) client_answered(job->client);
    job->landed = f->next; /* answers are settled in the order of landing */
    if (!job->landed) job->landed_end = &job->landed;
    client_recycle(job->client, f);
    return true;
}

/* --- waiting --------------------------------------------------------------------------------- */

/* When to look again although no event came. */
static double look_again_wait(struct job *job)
{
    if (!job->options.network) return INFINITY;
    watch_network(job); /* another job may have left its place */
    return job->watching ? INFINITY : SECOND_HAND_SECONDS;
}

double job_wait(struct job *job, double now)
{
    if (job->landed || job->boarding || job->batch.settled) return 0;
    double wait = send_wait(job, now);
    if (!job->batch.stopped) wait = fmin(wait, deadline_at(job) - now);
    for (struct flight *f = job->flying; f && !job->options.network; f = f->next)
        wait = fmin(wait, f->expires - now);
    if (job->client->transfer) wait = fmin(wait, transfer_timeout(job->client->transfer));
    if (job->pollset && job_expects(job)) wait = fmin(wait, look_again_wait(job));
    return wait <= 0 ? 0 : fmax(wait, WAIT_MIN);
}

bool job_poll(struct job *job, double seconds, int most)
{
    return !job->client->transfer || transfer_step(job->client->transfer, seconds, most);
}

static struct pollset *new_pollset(void)
{
    struct pollset *set = pollset_new();
    if (set && pollset_fd(set) >= 0 && pollset_make_wakeable(set)) return set;
    pollset_free(set);
    return NULL;
}

int job_fd(struct job *job)
{
    if (job->options.network && !client_network(job->client)) return -1;
    if (!job->pollset) job->pollset = new_pollset();
    if (!job->pollset) return -1;
    watch_network(job);
    if (job->landed || job->boarding) job_wake(job);
    return pollset_fd(job->pollset);
}

void job_wake(struct job *job)
{
    if (job->pollset) pollset_wake(job->pollset);
}

void job_rest(struct job *job)
{
    if (job->pollset) pollset_calm(job->pollset);
}

bool job_expects(const struct job *job)
{
    return job->flying || job->turn.queued;
}

unsigned job_in_flight(const struct job *job)
{
    return job->batch.flying;
}
