/* progress.h: what a job says of itself: how far it is, and what it waits for. */
#pragma once

#include "job.h"

/* Until the next request may leave. */
struct pause {
    double seconds;     /* 0: one may, or nobody knows */
    const char *reason; /* in words for people; NULL: none */
};
struct pause progress_pause(struct job *job, double now);

struct progress {
    unsigned in_flight;
    double seconds; /* since its start */
    struct pause pause;
};
struct progress progress_of(struct job *job, double now);
