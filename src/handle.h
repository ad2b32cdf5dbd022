/*
 * handle.h: the userdata behind clients and jobs: made, checked, closed.
 *
 * Each is made as an empty userdata first and filled afterwards, so that whatever raises
 * on the way, its closer finds what is there and nothing else. Closing may be done any
 * number of times. A handle that came through a fork is refused, and closed without
 * touching what it shares with the parent. Each job has a table of references (its user
 * value) with the caller's functions and its client, so that they live as long.
 */
#pragma once

#include <sys/types.h>

#include "moment.h"
#include "options.h"

extern const char HANDLE_CLIENT_TYPE[], HANDLE_JOB_TYPE[];

struct lua_client {
    struct client client;
    struct options options; /* the jobs' defaults; holds no strings */
    struct fault fault;     /* why it can't work, KIND_NONE: it can */
    struct lua_clock clock;
    struct buffer environment; /* that it was made from, where plain calls share it */
    pid_t pid;                 /* of the process that may use it */
    bool closed;
    struct lua_job *jobs;
};

struct lua_job {
    struct job job;
    struct lua_client *owner; /* NULL once closed */
    bool dry_run, done;
    bool has_outcome; /* result and err stand among its references */
    bool owns_client; /* nobody else knows its client */
    bool quiet;       /* a callback raised: no more of them are called */
    bool in_callback; /* one is running now */
    bool has_progress, has_event, has_limiter;
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
/* The job at index, in whatever state. Raises for anything else. */
struct lua_job *handle_job(lua_State *L, int index);
/* The job at index 1 that may be used; pushes its references. */
struct lua_job *handle_usable_job(lua_State *L);

/* A callback of this job is running now, or its client's clock. */
bool handle_job_in_callback(const struct lua_job *job);
/* The same of any of its jobs. */
bool handle_in_callback(const struct lua_client *client);
/* Ends the jobs of the client at index 1, whose next step reads what came; closes it. */
void handle_end_client(lua_State *L, struct lua_client *client);
void handle_close_job(lua_State *L, struct lua_job *job);
void handle_close_client(lua_State *L, struct lua_client *client);
/* A job whose result was read. Frees early: the collector does not see C memory. */
void handle_release(lua_State *L, struct lua_job *job);

/* __gc */
int handle_client_gc(lua_State *L);
int handle_job_gc(lua_State *L);
