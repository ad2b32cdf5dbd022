/*
 * fault.h: the kinds of trouble that a job can end with, and the record of one.
 *
 * A fault owns its text; an unset fault has the kind KIND_NONE. Numbers that are not
 * known are 0 (code, http_status, which are never 0 there) or negative (retry_after).
 */
#pragma once

#define FAULT_KINDS(X)                                                                   \
    X(NONE, "")                                                                          \
    X(CONFIG, "config")                                                                  \
    X(AUTH, "auth")                                                                      \
    X(QUOTA, "quota")                                                                    \
    X(LOCKED, "locked")                                                                  \
    X(REFUSED, "refused")                                                                \
    X(NETWORK, "network")                                                                \
    X(TLS, "tls")                                                                        \
    X(TIMEOUT, "timeout")                                                                \
    X(SERVER, "server")                                                                  \
    X(PROTOCOL, "protocol")                                                              \
    X(DEADLINE, "deadline")                                                              \
    X(CANCELLED, "cancelled")                                                            \
    X(INTERRUPTED, "cancelled") /* by Ctrl-C */                                          \
    X(CALLBACK, "callback")

enum kind {
#define FAULT_ENUM(name, text) KIND_##name,
    FAULT_KINDS(FAULT_ENUM)
#undef FAULT_ENUM
};

enum { TRACE_ID_SIZE = 37, FAULT_TEXT_SIZE = 320, EXCERPT_SIZE = 208 };

struct fault {
    enum kind kind;
    long code;
    int http_status;
    double retry_after; /* seconds */
    char trace_id[TRACE_ID_SIZE];
    char text[FAULT_TEXT_SIZE]; /* what happened, one line */
    char excerpt[EXCERPT_SIZE]; /* of the response's body, printable */
};

/* The name that err.kind carries, "" for KIND_NONE. */
const char *fault_kind_name(enum kind kind);

/* A fault of one's own words. */
void fault_set(struct fault *fault, enum kind kind, const char *text);
