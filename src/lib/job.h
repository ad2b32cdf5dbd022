/*
 * job.h: one call of delete, driven step by step.
 *
 * A job owns its ledger and its batch and uses its client's shared things. The caller
 * (step.c) asks job_next what is to be done, does it, and asks again; it owns the
 * callbacks and the caller's transport. Whatever goes wrong there, the next call resumes.
 */
#pragma once

#include "batch.h"
#include "client.h"
#include "settle.h"
#include "watcher.h"

/* Read once a step, by the outermost caller. */
struct moment {
    double now;   /* monotonic seconds */
    int64_t wall; /* milliseconds since the epoch */
};

struct job_options {
    struct batch_options batch;
    unsigned concurrency;
    double timeout, connect_timeout; /* seconds, for one request */
    double deadline;                 /* seconds for the whole job, INFINITY: none */
    bool network;                    /* false: a transport of the caller's */
};

struct job {
    struct client *client;
    struct job_options options;
    struct ledger ledger;
    struct batch batch;
    double started, ended;    /* ended: INFINITY until it is */
    double wall;              /* seconds since the epoch, at the last job_next */
    struct request *prepared; /* offered to the caller, not sent yet */
    struct request *completed, **completed_end;
    enum api_path last_path; /* of the last request that left */
    /* Since when it has something to send and there is nothing but "too many" for all
     * jobs; or INFINITY. */
    double throttled_since[API_PATHS];
    struct ticket ticket;
    struct watcher watcher;
};

enum job_action {
    JOB_WAIT,     /* nothing can be done before job_wait, or an event */
    JOB_SEND,     /* request: job_launch or job_return it */
    JOB_RESPONSE, /* request: its response is there; decode and job_settle it */
    JOB_SETTLED,  /* chunk: its account is closed */
    JOB_DONE,
    JOB_NO_MEMORY
};

struct job_next {
    enum job_action action;
    struct request *request;
    struct chunk *chunk;
};

/* `job->ledger.ids` is filled and all else zero; an all-zero job may be closed. A job
 * that is stopped at once needs only its client's address. False: out of memory. */
bool job_open(struct job *job, struct client *client, const struct job_options *options,
              double now);
/* Cuts what is in flight. `abandon`: in the child of a fork. */
void job_close(struct job *job, bool abandon, double now);

struct job_next job_next(struct job *job, struct moment moment);

/* Callbacks are going to run: other jobs may have the prepared request's place meanwhile,
 * since a callback may wait for one of them to end. */
void job_lend(struct job *job);
/* The callbacks have run. False: the place is taken or the deadline has passed, and the
 * request was returned. */
bool job_may_launch(struct job *job, double now);
/* The request leaves. False: out of memory, and job_next offers it again. */
bool job_launch(struct job *job, struct request *request, double now);
/* It is not sent after all. */
void job_return(struct job *job, struct request *request, double now);
/* The request of this number that is in flight; NULL where there is none any more. */
struct request *job_find(struct job *job, uint64_t number);
/* The request of this number has its response, whoever filled it in, if it still is in
 * flight. */
void job_complete_filled(struct job *job, uint64_t number, double now);
/* Its response is there, from the caller's transport. */
void job_complete(struct job *job, struct request *request, double now);
/* Settles what the response says; `lost` tells whether the try came to nothing. False:
 * out of memory, and job_next offers it again. */
bool job_settle(struct job *job, struct request *request, double now,
                struct lost_try *lost);

/* Sends nothing more; what is in flight is waited for. */
void job_stop(struct job *job, const struct fault *fault, double now);
/* The same, and cuts what is in flight: its answers are lost. */
void job_cut(struct job *job, const struct fault *fault, double now);
/* Leaves no secret in requests that came to their end and are not settled yet. */
void job_wipe(struct job *job);
/* No request to this path may leave before `until`. */
void job_hold(struct job *job, enum api_path path, double until, const char *reason);

bool job_stopped(const struct job *job);
/* The fault that decided, of KIND_NONE where none did. */
const struct fault *job_fault(const struct job *job);

/* A step begins; it `waits` for time to pass or not. */
void job_begin_step(struct job *job, bool waits);
/* Seconds after which job_next has to be asked again. */
double job_wait(struct job *job, double now);
/* Lets the network do what it can, waiting at most so long. */
void job_poll(struct job *job, double seconds, int max_answers);
/* It has to be stepped by time alone: something is in flight and nothing watches it. */
bool job_unwatched(const struct job *job);

/* A descriptor that is readable while there is something to do; -1: none can be had. */
int job_fd(struct job *job);
/* The descriptor that was made, -1 for none. */
int job_open_fd(const struct job *job);
/* There is something to do. */
void job_wake(struct job *job);
/* All that could be done has been: the descriptor need not be readable. */
void job_calm(struct job *job);
/* The job is done and its account was read: only its amounts stay. */
void job_release(struct job *job);
