/*
 * client.h: what the jobs of one client share: credentials, connections and the gate.
 *
 * It knows neither Lua nor libcurl nor a clock. `now` is monotonic seconds. A client
 * outlives its jobs.
 */
#pragma once

#include "gate.h"
#include "traces.h"
#include "transfer.h"

struct watcher;

struct client_settings {
    struct transfer_settings network;
    struct credentials credentials;
    uint64_t requests_per_minute, requests_per_hour; /* 0: no limit */
};

struct client {
    struct gate gate;
    struct traces traces; /* of its requests */
    struct signer *signer;
    struct transfer *transfer;        /* made for the first request that needs one */
    struct transfer_settings network; /* owns its strings */
    uint64_t requests;                /* numbers given so far */
    struct request *in_flight;        /* of all its jobs, any order */
    struct request *spare;
    struct watcher *watchers; /* of its jobs; that of the one stepped last is first */
};

/* An all-zero client may be closed. False: out of memory. */
bool client_open(struct client *client, const struct client_settings *settings);
/* Wipes the secrets and closes the connections, which in the child of a fork (`abandon`)
 * are the parent's. Nothing may be in flight. */
void client_close(struct client *client, bool abandon);
/* After that: the traceIds of its requests judge no more of what came for its jobs. */
void client_forget(struct client *client);

/* The client's transfer, made where there is none yet; NULL: out of memory, or of
 * descriptors, where errno tells so. */
struct transfer *client_network(struct client *client);

bool client_has_network(const struct client *client);
/* How many requests of all its jobs are. */
unsigned client_in_flight(const struct client *client);

/* Takes a place in the gate and a fresh request; NULL: out of memory. */
struct request *client_take(struct client *client, struct ticket *ticket,
                            enum api_path path);
/* Its answer came, or none will. */
void client_completed(struct client *client, struct request *request, double now);
/* Nothing was sent. */
void client_refund(struct client *client, struct request *request);
/* Its place in the gate is free until it is reclaimed; false: out of memory. */
void client_lend(struct client *client, struct request *request);
bool client_reclaim(struct client *client, struct request *request,
                    struct ticket *ticket);
/* The request is over and may be used again. */
void client_recycle(struct client *client, struct request *request);
