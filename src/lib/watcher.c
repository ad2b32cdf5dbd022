/* A job's one descriptor: see watcher.h. */
#include "watcher.h"

#include "private.h"

bool watcher_open(struct watcher *w) {
    if (!w->pollset) w->pollset = pollset_new();
    if (w->pollset && pollset_make_wakeable(w->pollset)) return true;
    watcher_close(w);
    return false;
}

void watcher_close(struct watcher *w) {
    pollset_free(w->pollset);
    w->pollset = NULL;
}

int watcher_fd(const struct watcher *w) {
    return w->pollset ? pollset_fd(w->pollset) : -1;
}

static void set_watching(struct watcher *w, struct client *c, bool on) {
    if (!w || w->watching == on || !c->transfer) return;
    bool set = pollset_watch(w->pollset, transfer_fd(c->transfer), on, false, false);
    w->watching = on && set;
}

static bool leave(struct watcher *w, struct client *c) {
    struct watcher **at = &c->watchers;
    while (*at && *at != w) at = &(*at)->next;
    if (!*at) return false;
    *at = w->next;
    return true;
}

void watcher_abandon(struct watcher *w, struct client *c) { leave(w, c); }

void watcher_unwatch(struct watcher *w, struct client *c) {
    if (!leave(w, c)) return;
    set_watching(w, c, false);
    set_watching(c->watchers, c, true);
}

void watcher_watch(struct watcher *w, struct client *c) {
    if (!w->pollset || (c->watchers == w && w->watching)) return;
    leave(w, c);
    set_watching(c->watchers, c, false);
    w->next = c->watchers;
    c->watchers = w;
    set_watching(w, c, true);
}

void watcher_wake(struct watcher *w) {
    if (w->pollset) pollset_wake(w->pollset);
}

void watcher_calm(struct watcher *w) {
    if (w->pollset) pollset_calm(w->pollset);
}
