/*
 * exchange.h: one request on its way, and what comes back for it.
 *
 * The client owns exchanges and uses them again; their buffers only grow. A transfer, or a
 * transport of the caller's, fills the reply. Times are in seconds.
 */
#ifndef GEELARK_EXCHANGE_H
#define GEELARK_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>

#include "fault.h"
#include "signer.h"

#pragma GCC visibility push(hidden)

enum { BODY_MAX = 8 * 1024 * 1024, REASON_SIZE = 256 };

struct buffer {
    char *data;
    size_t size, capacity;
};

struct reply {
    enum kind fault; /* KIND_NONE: an answer came, whole as far as HTTP can tell */
    bool sent;       /* the request may have left */
    bool final;      /* every later request would meet the same fault */
    char reason[REASON_SIZE];
    int status;
    double retry_after; /* negative: none */
    struct buffer body;
};

struct exchange {
    struct stamp stamp;
    struct buffer body; /* of the request, JSON */
    double timeout, connect_timeout;
    struct reply reply;
    bool landed; /* the reply is complete */
    void *owner; /* the flight that it belongs to */
    struct slot *slot; /* transfer.c's own, NULL elsewhere */
};

/* Empties a reply for the next request, keeping its buffer. */
void reply_reset(struct reply *reply);
/* Ends the exchange without an answer. */
void exchange_fail(struct exchange *exchange, enum kind kind, bool sent, const char *reason);

/* Empties it; a large one is let go. */
void buffer_empty(struct buffer *buffer);
/* Appends; false: out of memory, nothing changed. */
bool buffer_append(struct buffer *buffer, const void *bytes, size_t count);
/* Makes room for `count` more bytes and returns where they go; NULL: out of memory. */
char *buffer_room(struct buffer *buffer, size_t count);

/* Seconds that a Retry-After value asks for: a number, or an HTTP date as seen from `now`
 * (seconds since the epoch). Negative where it is neither. */
double parse_retry_after(const char *value, size_t len, double now);

#pragma GCC visibility pop

#endif
