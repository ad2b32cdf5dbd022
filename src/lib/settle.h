/*
 * settle.h: what a response means for the ids of a chunk.
 *
 * Only an answer that adds up settles anything. One that doesn't is a lost one: the
 * service may have acted, and its ids are asked for again.
 */
#pragma once

#include "batch.h"
#include "response.h"

/* A try that came to nothing. */
struct lost_try {
    bool happened;
    bool sent;          /* the request may have left */
    double retry_in;    /* seconds until the next try; INFINITY: there is none */
    struct fault fault; /* why */
};

/* What the client has to do about it. */
struct effects {
    struct lost_try lost;
    bool out_of_memory; /* nothing was changed: settle again later */
    double hold;        /* seconds in which none may leave to its path; 0: none */
    double pause;       /* the same for whom it isn't too long a pause */
    const char *reason; /* for both, in words for people */
    bool alone;         /* from now on one request at a time */
    bool throttled;     /* 40007 or 40017 */
    bool answered;      /* the service answered */
};

struct effects settle(struct batch *batch, struct chunk *chunk,
                      const struct response *response, double now);
