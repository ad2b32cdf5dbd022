/*
 * transfer.h: exchanges over the network, by libcurl's multi interface.
 *
 * Beside url.c the only file that knows libcurl. It owns connections and handles;
 * exchanges are the client's and must live until they have landed or were cut. No callback of
 * libcurl's does more than to append bytes or to write down what libcurl wants.
 */
#ifndef GEELARK_TRANSFER_H
#define GEELARK_TRANSFER_H

#include <stdbool.h>
#include <stddef.h>

#include "exchange.h"

#pragma GCC visibility push(hidden)

struct transfer;

/* All zero-terminated; NULL: libcurl's own default. */
struct transfer_settings {
    const char *base_url; /* checked by url_flaw */
    const char *path;     /* below it, where requests go */
    const char *ca_file;
    const char *proxy;
};

/* libcurl's one initialisation; any number of calls. False: it failed. */
bool transfer_init(void);

/* NULL: out of memory, or of descriptors, where errno tells so. */
struct transfer *transfer_new(const struct transfer_settings *settings);
/* Cuts what is in flight. NULL is fine. */
void transfer_free(struct transfer *transfer);
/* After a fork, in the child: lets go of it without touching a connection. */
void transfer_abandon(struct transfer *transfer);

/* Sends the exchange's body. False: out of memory. */
bool transfer_start(struct transfer *transfer, struct exchange *exchange);
/* Ends one early; its reply then says whether it may have left. */
void transfer_cut(struct transfer *transfer, struct exchange *exchange);

/* Does what can be done, waiting at most `seconds` for it, for at most `most` descriptors.
 * False: a signal came. */
bool transfer_step(struct transfer *transfer, double seconds, int most);

/* An exchange that landed since, NULL for none. */
struct exchange *transfer_landed(struct transfer *transfer);

/* Readable while there is something to do, -1 where the system has no such descriptor. */
int transfer_fd(const struct transfer *transfer);
/* Seconds after which transfer_step has to be called anyway. */
double transfer_timeout(const struct transfer *transfer);

#pragma GCC visibility pop

#endif
