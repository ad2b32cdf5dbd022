/* A thread that waits in a host's place: see waker.h. */
#include "waker.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { CONNECT_MS = 10000, STACK_SIZE = 256 * 1024 };

/* The thread's own; it closes what is in it. */
struct watch {
    int events; /* the set's descriptor, a copy */
    int listener;
    char path[WAKER_PATH_SIZE];
};

/* --- the thread -------------------------------------------------------------------------- */

static void remove_socket(char *path)
{
    if (*path == '\0') return;
    unlink(path);
    *strrchr(path, '/') = '\0';
    rmdir(path);
}

static void end_watch(struct watch *watch)
{
    if (watch->events >= 0) close(watch->events);
    if (watch->listener >= 0) close(watch->listener);
    remove_socket(watch->path);
    free(watch);
}

/* The host's connection, -1 where it didn't come in time. */
static int await_host(const struct watch *watch)
{
    struct pollfd p = {.fd = watch->listener, .events = POLLIN};
    if (poll(&p, 1, CONNECT_MS) != 1) return -1;
    int host = accept(watch->listener, NULL, NULL);
    if (host >= 0) fcntl(host, F_SETFD, FD_CLOEXEC);
    return host;
}

/* The milliseconds of the next order; -1: the host has gone. */
static int read_order(int host)
{
    int ms = 0;
    for (char c;;) {
        ssize_t count = read(host, &c, 1);
        if (count < 0 && errno == EINTR) continue;
        if (count != 1) return -1;
        if (c == '\n') return ms;
        if (c < '0' || c > '9') return -1;
        if (ms < INT_MAX / 10 - 1) ms = 10 * ms + (c - '0');
    }
}

/* Waits for events, for time to pass, or for the host to go. */
static void wait_for_events(int events, int host, int ms)
{
    struct pollfd p[] = {{.fd = events, .events = POLLIN}, {.fd = host, .events = POLLIN}};
    poll(p, 2, ms);
}

static void *run(void *argument)
{
    struct watch *watch = argument;
    int host = await_host(watch), ms;
    remove_socket(watch->path);
    *watch->path = '\0';
    while (host >= 0 && (ms = read_order(host)) >= 0) {
        wait_for_events(watch->events, host, ms);
        if (send(host, "", 1, MSG_NOSIGNAL) != 1) break;
    }
    if (host >= 0) close(host);
    end_watch(watch);
    return NULL;
}

/* --- starting it -------------------------------------------------------------------------- */

static bool listen_at(struct watch *watch)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const char *base = getenv("TMPDIR");
    char folder[WAKER_PATH_SIZE - sizeof "/waker"];
    int length = snprintf(folder, sizeof folder, "%s/geelark-XXXXXX", base && *base ? base : "/tmp");
    if (length < 0 || (size_t)length >= sizeof folder) return errno = ENAMETOOLONG, false;
    if (!mkdtemp(folder)) return false;
    snprintf(watch->path, sizeof watch->path, "%s/waker", folder);
    snprintf(address.sun_path, sizeof address.sun_path, "%s", watch->path);
    watch->listener = socket(AF_UNIX, SOCK_STREAM, 0);
    return watch->listener >= 0 && fcntl(watch->listener, F_SETFD, FD_CLOEXEC) == 0 &&
           bind(watch->listener, (struct sockaddr *)&address, sizeof address) == 0 &&
           listen(watch->listener, 1) == 0;
}

/* The host's signals are for the host's own thread. */
static bool start_thread(struct watch *watch)
{
    sigset_t all, before;
    pthread_t thread;
    pthread_attr_t attributes;
    if ((errno = pthread_attr_init(&attributes)) != 0) return false;
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, STACK_SIZE);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&thread, &attributes, run, watch);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return (errno = error) == 0;
}

bool waker_open(struct waker *w)
{
    w->set = pollset_new();
    if (!w->set || pollset_fd(w->set) < 0 || !pollset_make_wakeable(w->set)) return false;
    struct watch *watch = calloc(1, sizeof *watch);
    if (!watch) return false;
    watch->listener = -1;
    watch->events = fcntl(pollset_fd(w->set), F_DUPFD_CLOEXEC, 0);
    if (watch->events >= 0 && listen_at(watch)) {
        memcpy(w->path, watch->path, sizeof w->path);
        if (start_thread(watch)) return true; /* which owns the watch from here on */
    }
    int error = errno;
    end_watch(watch);
    errno = error;
    return false;
}

void waker_close(struct waker *w)
{
    pollset_free(w->set);
    w->set = NULL;
}
