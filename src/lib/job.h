/*
 * job.h: one call of delete, driven turn by turn.
 *
 * A job owns its ids and its batch and uses its client's shared things. The caller (step.c)
 * asks job_turn what is to be done, does it, and asks again; it owns the callbacks and the
 * transport of the caller's. Whatever goes wrong between two
 * turns, the next one takes up where things stand.
 */
#ifndef GEELARK_JOB_H
#define GEELARK_JOB_H

#include <stdbool.h>

#include "batch.h"
#include "client.h"
#include "pollset.h"

#pragma GCC visibility push(hidden)

#define JOB_DELETE_PATH "/open/v1/phone/delete"

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
    struct ids ids;
    struct batch batch;
    double started, ended;     /* ended: INFINITY until it is */
    int64_t wall;              /* of the last turn */
    struct flight *boarding;   /* offered to the caller, not sent yet */
    struct flight *flying;     /* any order */
    struct flight *landed, **landed_end;
    struct turnstile turn;
    struct pollset *pollset;   /* made when a descriptor is first asked for */
    bool watching;             /* the pollset watches the network */
};

enum turn_kind {
    TURN_WAIT,      /* nothing can be done before job_wait, or an event */
    TURN_SEND,      /* flight: job_launch or job_return it */
    TURN_ANSWER,    /* flight: its reply is there, job_settle it */
    TURN_SETTLED,   /* chunk: its account is closed */
    TURN_DONE,
    TURN_NO_MEMORY
};

struct turn {
    enum turn_kind kind;
    struct flight *flight;
    struct chunk *chunk;
};

/* `job->ids` is filled and all else zero; an all-zero job may be closed. A job that is
 * stopped before its first turn needs no more of its client than an address. False: out of
 * memory. */
bool job_open(struct job *job, struct client *client, const struct job_options *options,
              double now);
/* Cuts what is in flight. `abandon`: in the child of a fork. */
void job_close(struct job *job, bool abandon);

struct turn job_turn(struct job *job, struct moment moment);

/* The flight leaves; without a network the caller carries it. False: out of memory, and the
 * next turn offers it again. */
bool job_launch(struct job *job, struct flight *flight, double now);
void job_return(struct job *job, struct flight *flight);
/* A flight of the caller's transport has its reply; NULL where there is none any more. */
struct flight *job_find(struct job *job, uint64_t number);
void job_land(struct job *job, struct flight *flight, double now);
/* Reads the reply and settles what it says. False: out of memory, and the next turn offers it
 * again. */
bool job_settle(struct job *job, struct flight *flight, double now);

/* Sends nothing more; what is in flight is waited for. */
void job_stop(struct job *job, const struct fault *fault, double now);
/* The same, and cuts what is in flight: its answers are lost. */
void job_cut(struct job *job, const struct fault *fault, double now);

/* Seconds after which job_turn has to be asked again. */
double job_wait(struct job *job, double now);
/* Lets the network do what it can, waiting at most so long. False: a signal came. */
bool job_poll(struct job *job, double seconds, int most);

/* A descriptor that is readable while there is something to do; -1: none can be had. */
int job_fd(struct job *job);
/* The job is done and its account was read: of all that it holds only its amounts stay. */
void job_release(struct job *job);
/* Somebody else made room for it. */
void job_wake(struct job *job);
/* All that could be done has been: the descriptor need not be readable. */
void job_rest(struct job *job);

/* It waits for an answer, or for a place that another job has. */
bool job_expects(const struct job *job);
unsigned job_in_flight(const struct job *job);

#pragma GCC visibility pop

#endif
