/*
 * watcher.h: a job's one descriptor: readable while there is something to do for it.
 *
 * One descriptor watches the network for all jobs of a client: that of the job that was
 * stepped last, which somebody drives. Whoever it wakes serves the network, and wakes the
 * jobs whose answers came. (Linux lets a socket be watched through few nested epolls:
 * path_limits in fs/eventpoll.c.)
 */
#pragma once

#include "client.h"

struct watcher {
    struct pollset *pollset; /* made when a descriptor is first asked for */
    bool watching;           /* the network */
    struct watcher *next;    /* in its client's list */
};

/* Makes the descriptor where there is none yet; false: none can be had. */
bool watcher_open(struct watcher *watcher);
/* Frees it; it must have left its client's list. */
void watcher_close(struct watcher *watcher);
/* The descriptor that was made, -1 for none. */
int watcher_fd(const struct watcher *watcher);

/* Watches the network in the place of who did it before. */
void watcher_watch(struct watcher *watcher, struct client *client);
/* Another one watches in its place. */
void watcher_unwatch(struct watcher *watcher, struct client *client);
/* The same in the child of a fork: an epoll set is shared with the parent. */
void watcher_abandon(struct watcher *watcher, struct client *client);

/* There is something to do; all that could be done has been. */
void watcher_wake(struct watcher *watcher);
void watcher_calm(struct watcher *watcher);
