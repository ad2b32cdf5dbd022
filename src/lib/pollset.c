/* One pollable descriptor over many: see pollset.h. */
#include "pollset.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#if defined __linux__
#include <sys/epoll.h>
#elif defined __APPLE__ || defined __FreeBSD__ || defined __OpenBSD__ ||                 \
    defined __NetBSD__ || defined __DragonFly__
#define POLLSET_KQUEUE
#include <sys/event.h>
#include <sys/time.h>
#endif
#include "private.h"

enum { EVENTS_MAX = 64 }; /* looked at in one wait */

/* In the child of a fork a kqueue is closed, and its number may be another file's. */
#if defined POLLSET_KQUEUE
enum { SURVIVES_FORK = false };
#else
enum { SURVIVES_FORK = true };
#endif

struct pollset {
    int fd;
    pid_t pid;                 /* who opened it */
    int wake_read, wake_write; /* the ends of a pipe; -1: none */
    bool awake;
};

static int open_set(void) {
#if defined __linux__
    return epoll_create1(EPOLL_CLOEXEC);
#elif defined POLLSET_KQUEUE
    int fd = kqueue();
    if (fd >= 0) fcntl(fd, F_SETFD, FD_CLOEXEC);
    return fd;
#else
    errno = ENOSYS;
    return -1;
#endif
}

struct pollset *pollset_new(void) {
    struct pollset *set = calloc(1, sizeof *set);
    if (!set) return NULL;
    set->wake_read = set->wake_write = -1;
    set->fd = open_set();
    set->pid = getpid();
    if (set->fd >= 0) return set;
    free(set);
    return NULL;
}

void pollset_free(struct pollset *set) {
    if (!set) return;
    if (SURVIVES_FORK || set->pid == getpid()) close(set->fd);
    if (set->wake_read >= 0) close(set->wake_read);
    if (set->wake_write >= 0) close(set->wake_write);
    free(set);
}

int pollset_fd(const struct pollset *set) { return set->fd; }

bool pollset_make_wakeable(struct pollset *set) {
    int ends[2];
    if (set->wake_read >= 0) return true;
    if (pipe(ends) != 0) return false;
    for (int i = 0; i < 2; i++) {
        fcntl(ends[i], F_SETFD, FD_CLOEXEC);
        fcntl(ends[i], F_SETFL, O_NONBLOCK);
    }
    set->wake_read = ends[0];
    set->wake_write = ends[1];
    return pollset_watch(set, set->wake_read, true, false, false);
}

void pollset_wake(struct pollset *set) {
    if (!set->awake) set->awake = write(set->wake_write, "", 1) == 1;
}

void pollset_calm(struct pollset *set) {
    char byte;
    if (set->awake) set->awake = read(set->wake_read, &byte, 1) != 1;
}

/* Rounded up, so that nobody wakes before it is time and has to wait again. */
static int milliseconds(double seconds) {
    if (!(seconds < INT_MAX / 1000)) return isinf(seconds) ? -1 : INT_MAX;
    return seconds > 0 ? (int)ceil(seconds * 1000) : 0;
}

#if defined __linux__

bool pollset_watch(struct pollset *set, int fd, bool in, bool out, bool edge) {
    struct epoll_event event = {.data.fd = fd};
    event.events =
        (in ? EPOLLIN : 0u) | (out ? EPOLLOUT : 0u) | (edge ? (unsigned)EPOLLET : 0u);
    if (!in && !out) return epoll_ctl(set->fd, EPOLL_CTL_DEL, fd, &event) == 0;
    return epoll_ctl(set->fd, EPOLL_CTL_MOD, fd, &event) == 0 ||
           (errno == ENOENT && epoll_ctl(set->fd, EPOLL_CTL_ADD, fd, &event) == 0);
}

int pollset_wait(struct pollset *set, double seconds, struct ready *ready, int room) {
    struct epoll_event events[EVENTS_MAX];
    int count = epoll_wait(set->fd, events, room < EVENTS_MAX ? room : EVENTS_MAX,
                           milliseconds(seconds));
    for (int i = 0; i < count; i++) {
        uint32_t e = events[i].events;
        bool broken = (e & (EPOLLERR | EPOLLHUP)) != 0;
        ready[i] =
            (struct ready){events[i].data.fd, broken || (e & EPOLLIN), e & EPOLLOUT};
    }
    return count;
}

#elif defined POLLSET_KQUEUE

static bool change(struct pollset *set, int fd, short filter, bool on, bool edge) {
    struct kevent event;
    EV_SET(&event, fd, filter, on ? EV_ADD | (edge ? EV_CLEAR : 0) : EV_DELETE, 0, 0, 0);
    return kevent(set->fd, &event, 1, NULL, 0, NULL) == 0 || (!on && errno == ENOENT);
}

bool pollset_watch(struct pollset *set, int fd, bool in, bool out, bool edge) {
    bool reads = change(set, fd, EVFILT_READ, in, edge);
    return change(set, fd, EVFILT_WRITE, out, edge) && reads;
}

int pollset_wait(struct pollset *set, double seconds, struct ready *ready, int room) {
    struct kevent events[EVENTS_MAX];
    int ms = milliseconds(seconds);
    struct timespec time = {ms / 1000, ms % 1000 * 1000000L};
    int count = kevent(set->fd, NULL, 0, events, room < EVENTS_MAX ? room : EVENTS_MAX,
                       ms < 0 ? NULL : &time);
    for (int i = 0; i < count; i++) {
        bool out = events[i].filter == EVFILT_WRITE;
        ready[i] = (struct ready){(int)events[i].ident, !out, out};
    }
    return count;
}

#else /* nobody has a set here */

bool pollset_watch(struct pollset *set, int fd, bool in, bool out, bool edge) {
    (void)set, (void)fd, (void)in, (void)out, (void)edge;
    return false;
}

int pollset_wait(struct pollset *set, double seconds, struct ready *ready, int room) {
    (void)set, (void)seconds, (void)ready, (void)room;
    return 0;
}

#endif
