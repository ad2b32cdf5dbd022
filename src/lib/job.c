/* One call of delete, driven step by step: see job.h. */
#include "job.h"

#include <math.h>
#include <stdlib.h>

#include "explain.h"
#include "retry.h"
#include "private.h"

/* How often a job looks by itself whose descriptor doesn't watch the network. */
static const double LOOK_AGAIN_SECONDS = 0.25;
/* A shorter wait may be lost in a clock's last digit, and would come again for ever. */
static const double WAIT_MIN = 1e-6; /* seconds */

bool job_open(struct job *job, struct client *client, const struct job_options *options,
              double now) {
    job->client = client;
    job->options = *options;
    job->ticket.concurrency = options->concurrency;
    job->ticket.max_wait = options->batch.max_wait;
    job->completed_end = &job->completed;
    job->started = now;
    job->ended = INFINITY;
    for (int p = 0; p < API_PATHS; p++) job->throttled_since[p] = INFINITY;
    batch_open(&job->batch, &job->ledger, &options->batch);
    return ledger_open(&job->ledger);
}

/* Where the client's list leads to a request in flight of this job's; NULL: nowhere. */
static struct request **own(const struct job *job) {
    struct request **at = &job->client->in_flight;
    while (*at && (*at)->job != job) at = &(*at)->next;
    return *at ? at : NULL;
}

/* What is in flight has left, and counts from now on. */
static void close_request(struct job *job, struct request **at, bool abandon,
                          double now) {
    struct request *r = *at;
    *at = r->next;
    if (!abandon) transfer_cut(job->client->transfer, r);
    client_completed(job->client, r, now);
    free(r->chunk);
    client_recycle(job->client, r);
}

static void close_descriptor(struct job *job) {
    watcher_close(&job->watcher);
    job->ticket.pollset = NULL;
}

void job_close(struct job *job, bool abandon, double now) {
    if (job->client) {
        struct request **at;
        if (abandon) gate_abandon(&job->client->gate);
        if (job->prepared) job_return(job, job->prepared, now);
        while ((at = own(job))) close_request(job, at, abandon, now);
        while (job->completed) close_request(job, &job->completed, abandon, now);
        gate_leave(&job->client->gate, &job->ticket);
        if (abandon) watcher_abandon(&job->watcher, job->client);
        else watcher_unwatch(&job->watcher, job->client);
    }
    close_descriptor(job);
    batch_close(&job->batch);
    ledger_close(&job->ledger);
    *job = (struct job){0};
}

void job_release(struct job *job) {
    watcher_unwatch(&job->watcher, job->client);
    close_descriptor(job);
    batch_close(&job->batch);
}

void job_stop(struct job *job, const struct fault *fault, double now) {
    batch_stop(&job->batch, fault, now);
    struct fault *told = &job->batch.fault; /* a callback may raise with anything */
    const struct signer *signer = job->client->signer;
    request_redact_fault(NULL, told, signer);
    const struct request *lists[] = {job->client->in_flight, job->completed};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        for (const struct request *r = lists[i]; r; r = r->next)
            request_redact_fault(r, told, signer);
}

bool job_stopped(const struct job *job) { return job->batch.stopped; }

const struct fault *job_fault(const struct job *job) { return &job->batch.fault; }

void job_hold(struct job *job, enum api_path path, double until, const char *reason) {
    gate_hold(&job->client->gate, path, until, reason);
}

void job_complete(struct job *job, struct request *r, double now) {
    struct request **at = &job->client->in_flight;
    while (*at != r) at = &(*at)->next;
    *at = r->next;
    r->next = NULL;
    *job->completed_end = r;
    job->completed_end = &r->next;
    request_redact(r, job->client->signer); /* while the signer is there */
    client_completed(job->client, r, now);
    job_wake(job);
}

/* Ends a request in flight without an answer. */
static void give_up(struct request *r, enum kind kind, const char *reason, double now) {
    struct job *job = r->job;
    bool network = job->options.network;
    bool sent = !network || transfer_cut(job->client->transfer, r);
    if (!r->response.complete) response_fail(&r->response, kind, sent, reason);
    job_complete(job, r, now);
}

/* Hands what the network brought to the jobs that it belongs to. */
static void collect(struct client *c, double now) {
    struct request *r, *next;
    if (!c->transfer) return;
    while ((r = transfer_completed(c->transfer))) job_complete(r->job, r, now);
    const char *flaw = transfer_flaw(c->transfer);
    for (r = flaw ? c->in_flight : NULL; r; r = next) {
        next = r->next;
        if (r->job->options.network) give_up(r, KIND_NETWORK, flaw, now);
    }
}

void job_cut(struct job *job, const struct fault *fault, double now) {
    struct request **at;
    batch_stop(&job->batch, fault, now);
    if (job->prepared) job_return(job, job->prepared, now);
    while ((at = own(job))) give_up(*at, fault->kind, fault->text, now);
    gate_leave(&job->client->gate, &job->ticket);
    watcher_unwatch(&job->watcher, job->client);
    job_wake(job); /* it may have waited for nothing but time */
}

void job_wipe(struct job *job) {
    for (struct request *r = job->completed; r; r = r->next) {
        transfer_release(r, false); /* libcurl's copy of the proxy's login */
        wipe(r->headers.sign_line, sizeof r->headers.sign_line);
    }
}

static double deadline_at(const struct job *job) {
    return job->started + job->options.deadline;
}

/* A job that was stopped may still wait for what is in flight, no longer than that. */
static bool has_a_deadline(const struct job *job) {
    return !job_stopped(job) || own(job);
}

static bool is_over(const struct job *job, double now) {
    return has_a_deadline(job) && now >= deadline_at(job);
}

static void stop_for_deadline(struct job *job, double now) {
    struct fault fault;
    fault_set(&fault, KIND_DEADLINE,
              is_over(job, now) ? "the deadline has passed"
                                : "the deadline comes before the next request can leave");
    job_cut(job, &fault, now);
}

/* A request of whichever job, so that none that isn't stepped keeps its place. */
static bool is_late(const struct job *job, const struct request *r, double now) {
    return r->expires <= now || (r->job == job && is_over(job, now));
}

/* Before something is judged late, what has arrived is read: we may have been held up.
 * What has not left yet has no answer, and reading could still send it: it goes first. */
static void read_before_judging(struct job *job, double now) {
    bool late = false;
    for (struct request *r = job->client->in_flight, *next; r; r = next) {
        next = r->next;
        if (!r->job->options.network || !is_late(job, r, now)) continue;
        late = true;
        if (!transfer_has_left(r)) give_up(r, KIND_TIMEOUT, "no connection in time", now);
    }
    if (late) transfer_read(job->client->transfer);
    collect(job->client, now);
}

static void expire_requests(struct client *c, double now) {
    for (struct request *r = c->in_flight, *next; r; r = next) {
        next = r->next;
        if (r->expires <= now) give_up(r, KIND_TIMEOUT, "no answer in time", now);
    }
}

/* When the next request could leave, as seen from now, and to which path; 0 for at once.
 * Each path is looked at by itself: one that has to wait holds up no other. They take
 * turns, beginning behind the one that had the last. */
static double send_wait(struct job *job, double now, enum api_path *path) {
    struct gate *gate = &job->client->gate;
    double least = INFINITY;
    bool wants = false;
    unsigned paths = batch_paths(&job->batch);
    *path = PATH_DELETE;
    gate_ask(&job->ticket);
    for (unsigned n = 1; n <= paths && least > 0; n++) {
        enum api_path p = (job->last_path + n) % paths;
        double due = batch_due(&job->batch, p, now), wait = due - now;
        if (due == INFINITY) continue; /* one not sent after all is due at -INFINITY */
        wants = true;
        if (due <= now) wait = gate_wait(gate, &job->ticket, p, now);
        if (wait >= least) continue;
        least = fmax(wait, 0);
        *path = p;
    }
    if (!wants) gate_leave(gate, &job->ticket);
    if (least > 0) gate_pass(gate, &job->ticket);
    return least;
}

/* "Too many" was the answer for so long to whichever job asked. Of many jobs each asks so
 * seldom that its own answers would tell too late. */
static bool is_throttled_out(struct job *job, enum api_path path, double now) {
    const struct gate *gate = &job->client->gate;
    double *since = &job->throttled_since[path];
    bool in_flight = job->batch.lanes[path].in_flight > 0;
    bool suffers = gate_throttled_for(gate, path, -INFINITY) >= 0 &&
                   (in_flight || batch_due(&job->batch, path, now) < INFINITY);
    *since = suffers ? fmin(*since, now) : INFINITY;
    return suffers && !in_flight &&
           gate_throttled_for(gate, path, *since) >= THROTTLED_MAX;
}

static void stop_where_throttled(struct job *job, double now) {
    if (!gate_is_throttled(&job->client->gate)) return;
    if (is_throttled_out(job, PATH_DELETE, now)) {
        struct fault fault;
        fault_set(&fault, KIND_QUOTA,
                  "over the service's limit, as it told the client for five minutes");
        fault.retry_after = MINUTE_SECONDS;
        batch_stop(&job->batch, &fault, now);
    }
    bool stop = is_throttled_out(job, PATH_STOP, now);
    if (is_throttled_out(job, PATH_STATUS, now) || stop)
        batch_end_stopping(&job->batch, now);
}

/* Prepares the next request where one may leave. False: out of memory. */
static bool prepare(struct job *job, double now) {
    bool out_of_memory;
    enum api_path path;
    if (send_wait(job, now, &path) > 0) return true;
    struct chunk *chunk = batch_next(&job->batch, path, now, &out_of_memory);
    if (!chunk) return false;
    struct request *r = client_take(job->client, &job->ticket, path);
    if (!r) {
        batch_wait_or_end(&job->batch, chunk, -INFINITY, now);
        return false;
    }
    r->job = job;
    r->chunk = chunk;
    r->timeout = job->options.timeout;
    r->connect_timeout = job->options.connect_timeout;
    job->prepared = r;
    if (request_write_body(r, &job->batch)) return true;
    job_return(job, r, now);
    return false;
}

/* Signs the prepared request. NULL: it can't be sent, and was returned. */
static struct request *offer(struct job *job, struct moment m) {
    struct request *r = job->prepared;
    if (!batch_is_over(&job->batch, r->chunk)) {
        if (signer_sign(job->client->signer, &r->headers, m.wall)) return r;
        struct fault fault;
        fault_set(&fault, KIND_CONFIG,
                  "no random bytes from the system, or no SHA-256 from libcrypto");
        job_stop(job, &fault, m.now);
    }
    job_return(job, r, m.now);
    return NULL;
}

/* Seconds until something is to be done without an answer: a request may leave, or a
 * phone wasn't shut down in time. */
static double next_wait(struct job *job, double now) {
    enum api_path path;
    double wait = send_wait(job, now, &path);
    return fmin(wait, batch_expiry(&job->batch) - now);
}

/* Nothing is in flight and the deadline passes before anything can be done. */
static bool leaves_too_late(struct job *job, double now) {
    if (own(job) || job_stopped(job)) return false;
    double wait = next_wait(job, now);
    return !isinf(wait) && now + wait >= deadline_at(job);
}

static struct job_next finish(struct job *job, double now) {
    if (isinf(job->ended)) job->ended = now;
    ledger_sort_failures(&job->ledger);
    watcher_unwatch(&job->watcher, job->client);
    gate_leave(&job->client->gate, &job->ticket);
    return (struct job_next){JOB_DONE, NULL, NULL};
}

struct job_next job_next(struct job *job, struct moment m) {
    struct chunk *c;
    struct request *r;
    job->wall = (double)m.wall / 1000;
    read_before_judging(job, m.now);
    expire_requests(job->client, m.now);
    if (job->completed) return (struct job_next){JOB_RESPONSE, job->completed, NULL};
    batch_expire(&job->batch, m.now);
    stop_where_throttled(job, m.now);
    if ((c = batch_settled(&job->batch))) return (struct job_next){JOB_SETTLED, NULL, c};
    if (is_over(job, m.now) && !batch_done(&job->batch)) {
        stop_for_deadline(job, m.now);
        return job_next(job, m);
    }
    if (!job->prepared && !prepare(job, m.now))
        return (struct job_next){JOB_NO_MEMORY, NULL, NULL};
    if (job->prepared) {
        if ((r = offer(job, m))) return (struct job_next){JOB_SEND, r, NULL};
        return job_next(job, m);
    }
    if (!own(job) && batch_done(&job->batch)) return finish(job, m.now);
    if (leaves_too_late(job, m.now)) {
        stop_for_deadline(job, m.now);
        return job_next(job, m);
    }
    return (struct job_next){JOB_WAIT, NULL, NULL};
}

void job_lend(struct job *job) { client_lend(job->client, job->prepared); }

bool job_may_launch(struct job *job, double now) {
    struct gate *gate = &job->client->gate;
    if (!is_over(job, now) &&
        gate_room_wait(gate, &job->ticket, job->prepared->path, now) <= 0)
        return true;
    job_return(job, job->prepared, now);
    return false;
}

bool job_launch(struct job *job, struct request *r, double now) {
    if (!traces_add(&job->client->traces, r->headers.uuid)) return false;
    if (!client_reclaim(job->client, r, &job->ticket)) return false;
    if (job->options.network) {
        struct transfer *network = client_network(job->client);
        if (!network || !transfer_start(network, r)) return false;
        watcher_watch(&job->watcher, job->client); /* it may have been made only now */
    }
    r->expires = now + job->options.timeout;
    batch_sent(&job->batch, r->chunk, r->headers.trace_id, now);
    job->prepared = NULL;
    job->last_path = r->path;
    r->next = job->client->in_flight;
    job->client->in_flight = r;
    return true;
}

void job_return(struct job *job, struct request *r, double now) {
    job->prepared = NULL;
    batch_wait_or_end(&job->batch, r->chunk, -INFINITY, now);
    client_refund(job->client, r);
}

static struct request *find(const struct job *job, uint64_t number) {
    struct request *r = job->client->in_flight;
    while (r && (r->number != number || r->job != job)) r = r->next;
    return r;
}

struct request *job_find(struct job *job, uint64_t number) {
    struct request *r = find(job, number);
    return r && !r->response.complete ? r : NULL;
}

void job_complete_filled(struct job *job, uint64_t number, double now) {
    struct request *r = find(job, number);
    if (r && r->response.complete) job_complete(job, r, now);
}

bool job_settle(struct job *job, struct request *r, double now, struct lost_try *lost) {
    struct gate *gate = &job->client->gate;
    bool had_no_fault = job->batch.fault.kind == KIND_NONE;
    struct span trace = r->response.trace_id;
    r->response.foreign =
        traces_has_other(&job->client->traces, response_text(&r->response, trace),
                         trace.len, r->headers.uuid);
    struct effects effects = settle(&job->batch, r->chunk, &r->response, now);
    if (effects.out_of_memory) return false;
    if (had_no_fault && job->batch.fault.kind != KIND_NONE) {
        request_redact_fault(r, &job->batch.fault, job->client->signer);
        explain_fault(&job->batch.fault, r, job->client->network.base_url,
                      r->chunk->entry.attempts, now - r->chunk->started, job->wall);
    }
    *lost = effects.lost;
    if (lost->happened) request_redact_fault(r, &lost->fault, job->client->signer);
    if (effects.hold > 0) gate_hold(gate, r->path, now + effects.hold, effects.reason);
    if (effects.pause > 0) gate_pause(gate, r->path, effects.pause, now, effects.reason);
    if (effects.throttled || effects.answered)
        gate_throttle(gate, r->path, effects.throttled, now);
    if (effects.alone) gate_slow_down(gate);
    else if (effects.answered && !effects.throttled) gate_answered(gate);
    job->completed = r->next; /* responses are settled in the order of their coming */
    if (!job->completed) job->completed_end = &job->completed;
    client_recycle(job->client, r);
    return true;
}

/* When to look again although no event came. */
static double look_again_wait(struct job *job) {
    return !job->client->transfer || job->watcher.watching ? INFINITY
                                                           : LOOK_AGAIN_SECONDS;
}

void job_begin_step(struct job *job, bool waits) {
    gate_step(&job->client->gate, &job->ticket, waits);
    watcher_watch(&job->watcher, job->client);
}

double job_wait(struct job *job, double now) {
    if (job->completed || job->prepared || job->batch.settled) return 0;
    if (!own(job) && batch_done(&job->batch)) return 0; /* the next step finds it done */
    double wait = next_wait(job, now);
    if (has_a_deadline(job)) wait = fmin(wait, deadline_at(job) - now);
    for (struct request *r = job->client->in_flight; r; r = r->next)
        wait = fmin(wait, r->expires - now);
    if (job->client->transfer) wait = fmin(wait, transfer_timeout(job->client->transfer));
    bool expects = own(job) || job->ticket.queued;
    if (job->watcher.pollset && expects) wait = fmin(wait, look_again_wait(job));
    return wait <= 0 ? 0 : fmax(wait, WAIT_MIN);
}

void job_poll(struct job *job, double seconds, int max_answers) {
    if (job->client->transfer) transfer_step(job->client->transfer, seconds, max_answers);
}

bool job_unwatched(const struct job *job) {
    return !job->watcher.pollset && job->client->transfer &&
           client_in_flight(job->client) > 0;
}

int job_fd(struct job *job) {
    if (job->options.network && !client_network(job->client)) return -1;
    if (!watcher_open(&job->watcher)) return -1;
    job->ticket.pollset = job->watcher.pollset;
    watcher_watch(&job->watcher, job->client);
    if (job->completed || job->prepared) job_wake(job);
    return watcher_fd(&job->watcher);
}

int job_open_fd(const struct job *job) { return watcher_fd(&job->watcher); }

void job_wake(struct job *job) { watcher_wake(&job->watcher); }

void job_calm(struct job *job) { watcher_calm(&job->watcher); }
