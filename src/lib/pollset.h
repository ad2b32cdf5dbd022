/*
 * pollset.h: one pollable descriptor over many.
 *
 * epoll on Linux, kqueue on the BSDs and macOS; elsewhere there is none. Descriptors are
 * watched, not owned.
 */
#pragma once

#include <stdbool.h>

struct pollset;

struct ready {
    int fd;
    bool in, out;
};

/* NULL: out of memory or descriptors, or the system has no such thing (errno ENOSYS). */
struct pollset *pollset_new(void);
/* NULL is fine. */
void pollset_free(struct pollset *set);

/* The descriptor, readable while any watched one is ready. */
int pollset_fd(const struct pollset *set);

/* Watches fd for what is true, lets it go where nothing is. `edge`: wake once for each
 * change, for descriptors that are no sockets. False: it can't be watched. */
bool pollset_watch(struct pollset *set, int fd, bool in, bool out, bool edge);

/* Allows pollset_wake. False: out of descriptors. */
bool pollset_make_wakeable(struct pollset *set);
void pollset_wake(struct pollset *set);
void pollset_calm(struct pollset *set);

/* Fills at most `room` entries; returns how many, 0 on time-out, -1: a signal came. */
int pollset_wait(struct pollset *set, double seconds, struct ready *ready, int room);
