/*
 * transfer.h: requests over the network, by libcurl's multi interface.
 *
 * Beside url.c the only file that knows libcurl. It owns connections and handles;
 * requests are the client's and must live until they are completed or were cut. libcurl's
 * callbacks only append bytes or write down what libcurl wants.
 */
#pragma once

#include "request.h"

struct transfer;

/* All zero-terminated. */
struct transfer_settings {
    const char *base_url; /* checked by url_flaw */
    const char *ca_file;  /* NULL: libcurl's own default */
    const char *proxy;    /* NULL: none, whatever the environment says */
    bool needs_proxy;     /* no_proxy surely doesn't keep it from base_url */
};

/* libcurl's one initialisation; any number of calls. False: it failed. */
bool transfer_init(void);

/* The settings must live as long. NULL: out of memory, or of descriptors (see errno). */
struct transfer *transfer_new(const struct transfer_settings *settings);
/* Nothing may be in flight. NULL is fine. */
void transfer_free(struct transfer *transfer);
/* In the child of a fork: libcurl's own memory is left alone, it shares TLS states. */
void transfer_abandon(struct transfer *transfer);

/* Sends the request. False: out of memory. */
bool transfer_start(struct transfer *transfer, struct request *request);
/* Ends it early where it is in flight; returns whether it may have left. */
bool transfer_cut(struct transfer *transfer, struct request *request);
/* It may have left already. */
bool transfer_has_left(const struct request *request);
/* Frees what it needs here; `abandon`: in the child of a fork. */
void transfer_release(struct request *request, bool abandon);

/* Does what can be done, for at most so many descriptors, waiting at most `seconds`. */
void transfer_step(struct transfer *transfer, double seconds, int max_descriptors);
/* Reads all that has arrived, without waiting. */
void transfer_read(struct transfer *transfer);
/* A request that was completed since, NULL for none. */
struct request *transfer_completed(struct transfer *transfer);
/* Why no request in flight may be waited for any longer, told once; NULL: they may. */
const char *transfer_flaw(struct transfer *transfer);

/* Readable while there is something to do, -1 where the system has no such descriptor. */
int transfer_fd(const struct transfer *transfer);
/* Seconds after which transfer_step has to be called anyway. */
double transfer_timeout(const struct transfer *transfer);

/* Seconds that a Retry-After value asks for: digits, or a date as seen from the answer's
 * Date header or, where that is "", from `wall`, seconds since the epoch. Negative:
 * neither. */
double transfer_retry_after(const char *value, const char *date, double wall);
/* Seconds since the epoch that a Date value tells; negative: none. */
double transfer_date(const char *value);
