/*
 * handle.h: the handles of clients and jobs: made, checked, closed.
 *
 * Each is made empty first and filled afterwards, so that whatever raises on the way, its
 * closer finds what is there and nothing else. Closing may be done any number of times. A
 * handle that came through a fork is refused, and closed without touching what it shares
 * with the parent. While a job is being stepped nothing of it, or of its client, is
 * freed: whatever runs Lua code may call us back. Each job has a table of references (its
 * user value) with the caller's functions and its client, so that they live as long.
 */
#pragma once

#include <sys/types.h>

#include "moment.h"
#include "options.h"
#include "owned.h"
#include "lib/progress.h"

extern const char HANDLE_CLIENT_TYPE[], HANDLE_JOB_TYPE[];

struct steps; /* a Lua state's, see handle.c */

enum { PROGRESS_SECONDS = 1 /* while a job waits on_progress is called so often */ };

struct lua_client {
    struct owned owned;
    struct client client;
    struct options options; /* the jobs' defaults; holds no strings */
    struct fault fault;     /* why it can't work, KIND_NONE: it can */
    struct lua_clock clock;
    struct buffer environment; /* that it was made from, where plain calls share it */
    pid_t pid;                 /* of the process that may use it */
    bool closed;
    struct lua_job *jobs;
    struct steps *steps;
};

struct lua_job {
    struct owned owned;
    struct job job;
    struct lua_client *owner; /* NULL once closed */
    bool dry_run, done;
    bool has_outcome;      /* result and err stand among its references */
    bool owns_client;      /* nobody else knows its client */
    bool quiet;            /* a callback raised: no more of them are called */
    bool in_step;          /* it is being stepped, read or closed: nobody else may */
    struct lua_job *outer; /* the one in whose step this step began */
    bool has_progress, has_event, has_limiter, has_journal;
    double refused_since; /* the limiter lets nothing through; INFINITY: it does */
    double unasked_since; /* its store can't be asked; INFINITY: it can */
    bool told_refusal;    /* on_event knows of refused_since */
    double progress_due;  /* when on_progress is called although nothing was settled */
    struct pause told;    /* the last wait that on_event was told of, */
    double told_until;    /* and when it was to end */
    struct lua_job *next;
};

/* Pushes a client made from the options at `arg`. */
struct lua_client *handle_push_client(lua_State *L, int arg);
/* Pushes a job for the ids at `ids` with the options at `arg`, and above it its
 * references; `earlier`, where it isn't NULL, is what it goes on with instead. It belongs
 * to the client at index `client`, or to one of its own where that is 0. Every argument
 * is checked before anything is sent. */
struct lua_job *handle_push_job(lua_State *L, int client, int ids, int arg,
                                const struct ledger *earlier);

/* The client at index that may be used. Raises for anything else. */
struct lua_client *handle_client(lua_State *L, int index);
/* The job at index, in whatever state; NULL: it was collected. Raises for anything
 * else. */
struct lua_job *handle_job(lua_State *L, int index);
/* The job at index 1 that may be used; pushes its references. */
struct lua_job *handle_usable_job(lua_State *L);

/* Calls a C function with the `args` values on top while the job is in a step; returns
 * how many results stand in their place. Raises what it raises, and where the job is in a
 * step already, for whom `name` was called. */
int handle_step(lua_State *L, struct lua_job *job, const char *name,
                lua_CFunction function, int args);
/* What time it is for the job, whose references are on top. */
double handle_now(lua_State *L, struct lua_job *job);
/* One of its jobs is in a step. */
bool handle_in_step(const struct lua_client *client);
/* Raises where the job's process is another one, which has been forked. */
void handle_check_process(lua_State *L, const struct lua_job *job);
/* Ends the jobs of the client at index 1, whose next step reads what came; closes it. */
void handle_end_client(lua_State *L, struct lua_client *client);
/* Closes the job at index 1 and gives its tokens back; false: it is being stepped, or was
 * collected. */
bool handle_end_job(lua_State *L);
/* Both leave what is in a step. */
void handle_close_job(lua_State *L, struct lua_job *job);
void handle_close_client(lua_State *L, struct lua_client *client);
/* A job whose result was read. Frees early: the collector does not see C memory. */
void handle_release(lua_State *L, struct lua_job *job);

/* Once for a Lua state, before the first client. */
void handle_open(lua_State *L);
/* __gc */
int handle_client_gc(lua_State *L);
int handle_job_gc(lua_State *L);
