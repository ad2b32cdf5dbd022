/*
 * client.h: what the jobs of one client share: credentials, connections, quota, and the
 * places in flight.
 *
 * Knows neither Lua nor libcurl nor a clock. `now` is monotonic seconds. A client outlives
 * its jobs. Places go round: a job that has waited longer comes first.
 */
#ifndef GEELARK_CLIENT_H
#define GEELARK_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "answer.h"
#include "exchange.h"
#include "quota.h"
#include "transfer.h"

#pragma GCC visibility push(hidden)

struct job;

struct client_settings {
    struct transfer_settings network;
    struct credentials credentials;
    uint64_t requests_per_minute, requests_per_hour; /* 0: no limit */
};

/* One request of a job, from its making to the settling of its answer. */
struct flight {
    struct exchange x;
    struct job *job;
    struct chunk *chunk;
    uint64_t number;   /* names it towards the caller's transport */
    double expires;    /* where libcurl doesn't watch the time */
    bool holds_place;  /* counts as in flight */
    struct flight *next;
};

/* A job's place in the queue for places in flight. */
struct turnstile {
    struct job *job;
    bool queued;
    double called; /* when it was told that there is a place; INFINITY: not yet */
    struct turnstile *next;
};

struct client {
    struct quota quota;
    struct signer *sign;
    struct answer answer; /* the room in which answers are read */
    struct transfer *transfer; /* made for the first request that needs one */
    struct client_settings settings; /* owns its strings, the credentials apart */
    unsigned in_flight, most_in_flight, answered;
    uint64_t flights; /* numbers given so far */
    struct flight *spare;
    struct turnstile *queue;
    unsigned watchers; /* jobs whose descriptors watch the network */
};

/* Linux lets a socket be watched through few descriptors at once: 10 where five epolls are
 * nested (path_limits in fs/eventpoll.c). Jobs beyond these are woken by the first ones. */
enum { CONCURRENCY_MAX = 64, WATCHERS_MAX = 8 };

/* An all-zero client may be closed. False: out of memory. */
bool client_open(struct client *client, const struct client_settings *settings);
/* Zeroes the secrets and closes the connections. All jobs are closed before. */
void client_close(struct client *client);
/* In the child of a fork, in place of client_close. */
void client_abandon(struct client *client);

/* The client's transfer, made where there is none yet; NULL: out of memory, or of descriptors,
 * where errno tells so. */
struct transfer *client_network(struct client *client);

/* Seconds until a request of this job may leave: 0 for now, INFINITY where an event has to
 * come first. Takes no place yet. `concurrency` is the job's. */
double client_wait(struct client *client, struct turnstile *turn, unsigned concurrency,
                   double now);
/* Takes a place and a fresh flight; NULL: out of memory. */
struct flight *client_take(struct client *client, struct turnstile *turn);
/* The answer came, or none will. */
void client_landed(struct client *client, struct flight *flight, double now);
/* Nothing was sent. */
void client_untake(struct client *client, struct flight *flight);
/* The flight is over and may be used again. */
void client_recycle(struct client *client, struct flight *flight);

/* The service asks for a pause, for one request at a time; or it answered. */
void client_hold(struct client *client, double until);
void client_slow_down(struct client *client);
void client_answered(struct client *client);

/* The job wants no place any more. */
void client_leave(struct client *client, struct turnstile *turn);

#pragma GCC visibility pop

#endif
