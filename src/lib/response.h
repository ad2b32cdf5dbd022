/*
 * response.h: what came back for one request: an answer, or why there is none.
 *
 * A transfer, or the caller's transport, fills in the answer as it came; decode.c then
 * reads its body. It owns its texts; those of the body stand in `texts`, at offsets.
 * Buffers only grow, and are used again for the next request.
 */
#pragma once

#include "buffer.h"
#include "fault.h"

enum { BODY_MAX = 8 * 1024 * 1024, REASON_SIZE = 256, DATE_SIZE = 64 };

struct span { /* of a response's texts */
    uint32_t at, len;
};

struct detail {    /* what a list of the body says of one id */
    bool has_id;   /* false: the entry has no usable id */
    bool has_code; /* false: it has no usable code, or status */
    struct span id, msg;
    long code; /* of successDetails: the status */
};

struct details {
    bool sound; /* the list is absent, null or an array of objects */
    struct detail *list;
    uint32_t count, capacity;
};

struct response {
    bool complete;   /* nothing more will come */
    enum kind fault; /* KIND_NONE: an answer came, whole as far as HTTP can tell */
    bool sent;       /* without an answer: whether the request may have left */
    bool final;      /* without an answer: every later request would meet the same */
    char reason[REASON_SIZE]; /* without an answer: one line of text */

    int status;           /* of HTTP, 0: none */
    double retry_after;   /* seconds, negative without the header */
    char date[DATE_SIZE]; /* the header's value, "" without it */
    struct buffer body;

    bool has_envelope; /* the body is one JSON object with an integral `code` */
    bool foreign;      /* it bears the traceId of another request of the client */
    long code;
    struct span msg, trace_id;
    bool has_amounts; /* `data` holds the three amounts */
    int64_t total, success, fail;
    struct details failed;   /* failDetails */
    struct details statuses; /* successDetails, where a status was asked for */
    struct buffer texts;
};

/* Empties it for the next request. */
void response_reset(struct response *response);
void response_close(struct response *response);
/* There will be no answer: it is complete. */
void response_fail(struct response *response, enum kind kind, bool sent,
                   const char *reason);
/* Forgets what was read in the body. */
void response_forget_body(struct response *response);
/* Keeps a text of the body, for all of which there has to be room. */
struct span response_keep(struct response *response, const char *text, size_t len);

static inline const char *response_text(const struct response *response,
                                        struct span span) {
    return span.len > 0 ? response->texts.data + span.at : "";
}
