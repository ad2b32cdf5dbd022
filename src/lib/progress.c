/* What a job says of itself: see progress.h. */
#include "progress.h"

#include <math.h>

#include "private.h"

/* What keeps a request to this path from leaving. */
static struct pause path_pause(struct job *job, enum api_path path, double now) {
    struct pause pause = {INFINITY, NULL};
    double due = batch_due(&job->batch, path, now);
    if (isinf(due) && due > 0) return pause; /* nothing is left to send */
    pause.seconds =
        gate_quota_wait(&job->client->gate, &job->ticket, path, now, &pause.reason);
    if (due - now > pause.seconds) {
        pause.seconds = due - now;
        pause.reason = batch_due_reason(&job->batch, path);
    }
    return pause;
}

struct pause progress_pause(struct job *job, double now) {
    struct pause least = {INFINITY, NULL};
    for (enum api_path path = 0; path < API_PATHS; path++) {
        struct pause pause = path_pause(job, path, now);
        bool knows_more = isinf(least.seconds) && !least.reason;
        if (pause.seconds < least.seconds || knows_more) least = pause;
    }
    if (isinf(least.seconds)) least.seconds = 0; /* until an answer comes */
    return least;
}

struct progress progress_of(struct job *job, double now) {
    struct progress progress = {.in_flight = job->batch.in_flight,
                                .seconds = fmin(now, job->ended) - job->started};
    if (isinf(job->ended)) progress.pause = progress_pause(job, now);
    return progress;
}
