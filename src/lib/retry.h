/*
 * retry.h: what a code or a fault leads to, and how long to back off.
 *
 * Pure functions: no state, no time, no memory.
 */
#pragma once

#include "response.h"

/* What the engine does with a response. The first four go by the data of an answer. */
enum disposition {
    RETRY_ACCEPT,   /* settle by its data; it must add up */
    RETRY_PARTIAL,  /* the same, and some ids must have failed */
    RETRY_FAILED,   /* every id failed: by its data, else with the envelope's code */
    RETRY_HALVE,    /* one id is bad: by its data, else halve; alone it failed */
    RETRY_LOST,     /* the service may have acted: try again, presume */
    RETRY_AGAIN,    /* surely nothing was done: try again */
    RETRY_MINUTE,   /* over a limit: hold everything for a minute, costs no attempt */
    RETRY_STOP,     /* every later request would meet the same */
    RETRY_UNLISTED, /* a code that isn't known: nobody can say what was done */
};

enum { LOCK_SECONDS = 7200, MINUTE_SECONDS = 60 };

/* A service that says for so long nothing but "too many" won't change its mind. */
enum { THROTTLED_MAX = 300 /* seconds */ };

enum disposition retry_disposition(const struct response *response);

/* Whether the service itself answered, be it with a refusal. */
bool retry_is_answer(const struct response *response);

/* The fault that a response gives where it decides; `trace_id` is the request's. `flaw`
 * says which part of an answer doesn't add up, "" where that isn't the trouble. */
void retry_fault(struct fault *fault, const struct response *response,
                 const char *trace_id, const char *flaw);

/* Seconds before the next try: full jitter, by `random` in [0, 1). */
double retry_backoff(unsigned failed_tries, double random);
