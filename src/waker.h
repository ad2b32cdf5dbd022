/*
 * waker.h: tells a host over a socket that a watched descriptor has become readable.
 *
 * For hosts that can wait for sockets which they opened themselves, but not for a foreign
 * descriptor: OpenResty. The host connects once to the unix socket at `path`, which only its
 * own user may reach, and then sends orders: a line with milliseconds, in decimal. Each is
 * answered by one byte, as soon as a watched descriptor is readable or the time is over. The
 * waiting is done by a thread that touches nothing but its own descriptors and ends when the
 * host closes the connection.
 */
#ifndef GEELARK_WAKER_H
#define GEELARK_WAKER_H

#include <stdbool.h>

#include "pollset.h"

#pragma GCC visibility push(hidden)

enum { WAKER_PATH_SIZE = 100 };

struct waker {
    struct pollset *set; /* watch descriptors in it, wake it */
    char path[WAKER_PATH_SIZE];
};

/* An all-zero waker may be closed. False: out of memory, descriptors or threads, or the system
 * has no pollable set; errno tells. */
bool waker_open(struct waker *waker);
void waker_close(struct waker *waker);

#pragma GCC visibility pop

#endif
