/*
 * request.h: one request, from its making to the settling of its answer.
 *
 * It is prepared, then in flight, then completed: its response says what came. The client
 * owns requests and uses them again. Times are in seconds.
 */
#pragma once

#include "path.h"
#include "response.h"
#include "signer.h"

struct batch;
struct job;
struct chunk;
struct easy;

struct request {
    struct headers headers;
    struct buffer body; /* JSON */
    enum api_path path;
    double timeout, connect_timeout;
    struct job *job;     /* whose it is */
    struct chunk *chunk; /* the ids that it asks for */
    uint64_t number;     /* names it towards the caller's transport */
    double expires;      /* when it is late, while it is in flight */
    bool in_gate;        /* it counts as in flight */
    struct response response;
    struct easy *easy; /* transfer.c's own, NULL elsewhere */
    struct request *next;
};

/* Writes the body, {"ids":["…","…"]}, for the ids of its chunk, which is the batch's and
 * has one at least. False: out of memory. */
bool request_write_body(struct request *request, const struct batch *batch);

/* What the service sends back of our secrets goes no further. */
void request_redact(struct request *request, const struct signer *signer);
/* Nor does a fault tell of them. Its texts are for people alone, so short secrets, too,
 * can be overwritten. `request`: whose signature is one, NULL for none. */
void request_redact_fault(const struct request *request, struct fault *fault,
                          const struct signer *signer);
