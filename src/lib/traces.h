/*
 * traces.h: the traceIds of a client's requests, so that an answer to another one is
 * known.
 *
 * It remembers the last 32,768 at least, some hours of the quota. An all-zero struct is
 * empty and may be closed.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct trace {
    unsigned char bytes[16];
};

/* A hash by open addressing; all-zero slots are empty. TraceIds of ours are random, so
 * that their first bytes are their hash. */
struct trace_set {
    struct trace *slots;
    uint32_t size, count;
};

struct traces {
    struct trace_set now, before; /* `before` is forgotten when `now` is full */
};

/* Of a request that leaves. False: out of memory. */
bool traces_add(struct traces *traces, const unsigned char uuid[16]);
/* Whether this text is the traceId of a request that left, other than `own`. */
bool traces_has_other(const struct traces *traces, const char *text, size_t len,
                      const unsigned char own[16]);
void traces_close(struct traces *traces);
