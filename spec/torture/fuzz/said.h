/*
 * said.h: what an answer says of the ids that were asked for, read from the manual's
 * rules and the service's reference and not from settle.c, which is judged by it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/path.h"

enum { ASKED_MAX = 100, TRACES_MAX = 64, TRACE_DIGITS = 32 };

struct text {
    const char *text;
    size_t len;
};

/* A request, and what came back for it. */
struct exchange {
    enum api_path path;
    unsigned amount;
    struct text ids[ASKED_MAX];
    char traces[TRACES_MAX][TRACE_DIGITS + 1]; /* of all requests, this one's last */
    unsigned trace_count;
    bool answered;      /* false: nothing came, */
    bool may_have_left; /* and whether the service may have it, */
    bool is_final;      /* and whether every later request would meet the same */
    int status;         /* of HTTP */
    struct text body;
};

enum meaning {
    SAYS_WHAT_BECAME, /* of each id: it adds up */
    SAYS_ALL_FAILED,  /* of all ids together */
    SAYS_ONE_IS_BAD,  /* nobody knows which */
    SAYS_NOTHING,     /* the request is lost, and is tried again */
    SAYS_NOT_DONE,    /* surely nothing was done; it is tried again */
    SAYS_WAIT,
    SAYS_STOP,
    SAYS_UNLISTED /* a code that nobody knows */
};

struct said_of_id {
    bool failed, shown; /* failDetails names it, successDetails does */
    long long code, status;
    struct text msg;
};

struct said {
    enum meaning meaning;
    bool may_be_obeyed; /* from now on the ids count as asked */
    long long code;     /* the envelope's */
    struct said_of_id ids[ASKED_MAX];
};

/* Texts live until the next call. */
struct said said_read(const struct exchange *exchange);
