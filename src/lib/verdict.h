/*
 * verdict.h: what came back for one request, as the batch needs it.
 *
 * answer.c (or the failing transfer) fills it, batch.c reads it. It owns nothing: texts
 * point into the answer and live as long as the call that they are passed to.
 */
#ifndef GEELARK_VERDICT_H
#define GEELARK_VERDICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fault.h"

#pragma GCC visibility push(hidden)

struct detail {     /* one entry of failDetails */
    const char *id; /* NULL: the entry has no usable id */
    size_t id_len;
    long code; /* 0: the entry has no usable code */
    const char *msg;
    size_t msg_len;
};

struct verdict {
    enum kind fault;    /* KIND_NONE: an answer came; else why none did */
    bool sent;          /* without an answer: whether the request may have left */
    bool final;         /* without an answer: every later request would meet the same */
    const char *reason; /* without an answer: one line of text */

    int http_status;
    double retry_after; /* seconds, negative without the header */
    const char *body;   /* as it came, for the excerpt */
    size_t body_len;

    bool has_envelope; /* one JSON object with an integral `code` */
    long code;
    const char *msg; /* NULL: none */
    size_t msg_len;

    bool has_amounts; /* `data` holds the three amounts */
    int64_t total, success, fail;
    bool details_sound; /* failDetails is absent, null or an array of objects */
    const struct detail *details;
    size_t detail_count;
};

#pragma GCC visibility pop

#endif
