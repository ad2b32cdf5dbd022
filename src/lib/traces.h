/*
 * traces.h: the traceIds of a client's requests, so that an answer to another one is
 * known.
 *
 * It remembers the last 65,536, some hours of the quota. An all-zero struct is empty and
 * may be closed.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct trace {
    unsigned char bytes[16];
};

struct traces {
    struct trace *traces; /* the oldest is overwritten where no more are remembered */
    uint32_t count, capacity, next;
};

/* Of a request that leaves. False: out of memory. */
bool traces_add(struct traces *traces, const char *trace_id);
/* Whether this text is the traceId of a request that left, other than `own`. */
bool traces_has_other(const struct traces *traces, const char *text, size_t len,
                      const char *own);
void traces_close(struct traces *traces);
