/*
 * step.h: drives a job for Lua: callbacks, the caller's transport and clock, answers.
 *
 * The userdata behind clients and jobs stand here. Each job has a table of its own (its
 * user value) with the functions of the caller's and its client, so that they live as long.
 */
#ifndef GEELARK_STEP_H
#define GEELARK_STEP_H

#include <lua.h>
#include <sys/types.h>

#include "options.h"

#pragma GCC visibility push(hidden)

struct lua_client {
    struct client client;
    struct options options; /* the jobs' defaults; holds no strings */
    struct fault fault;     /* why it can't work, KIND_NONE: it can */
    pid_t pid;              /* of the process that may use it */
    bool closed;
    bool has_now, has_sleep;   /* the caller's clock */
    double clock_last, clock_offset;
    struct lua_job *jobs;
};

struct lua_job {
    struct job job;
    struct lua_client *owner; /* NULL once closed */
    bool dry_run, done;
    bool owns_client; /* nobody else knows its client */
    bool quiet;       /* a callback raised: no more of them are called */
    bool in_callback; /* one is running now */
    bool has_progress, has_event, has_limiter;
    struct lua_job *next;
};

/* The caller's clock or the system's; `kept` is the absolute index of a table with its
 * functions. */
struct moment step_moment(lua_State *L, int kept, struct lua_client *client);

/* Does what can be done, waiting at most `seconds` (INFINITY: until it is done) and settling
 * at most `most` answers. Returns whether the job is done. `kept` is an absolute index.
 * Raises memory errors alone; the job can then be stepped again. */
bool step_run(lua_State *L, struct lua_job *job, int kept, double seconds, int most);

#pragma GCC visibility pop

#endif
