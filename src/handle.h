/*
 * handle.h: the userdata behind clients and jobs: made, checked, closed.
 *
 * Each is made as an empty userdata first and filled afterwards, so that whatever raises on
 * the way, its closer finds what is there and nothing else. Closing may be done any number of
 * times. A handle that came through a fork is refused, and closed without touching what it
 * shares with the parent.
 */
#ifndef GEELARK_HANDLE_H
#define GEELARK_HANDLE_H

#include "step.h"

#pragma GCC visibility push(hidden)

extern const char HANDLE_CLIENT_TYPE[], HANDLE_JOB_TYPE[];

/* Pushes a client made from the options at `arg`. */
struct lua_client *handle_push_client(lua_State *L, int arg);
/* Pushes a job for the ids at `ids` with the options at `arg`, and above it its own table. It
 * belongs to the client at index `client`, or to one of its own where that is 0. Every argument
 * is checked before anything is sent. */
struct lua_job *handle_push_job(lua_State *L, int client, int ids, int arg);

/* The client at index that may be used. Raises for anything else. */
struct lua_client *handle_client(lua_State *L, int index);
/* The job at index, in whatever state. Raises for anything else. */
struct lua_job *handle_job(lua_State *L, int index);
/* The job at index 1 that may be used; pushes its table. */
struct lua_job *handle_usable_job(lua_State *L);

void handle_close_job(lua_State *L, struct lua_job *job);
void handle_close_client(lua_State *L, struct lua_client *client);
/* A job whose result has been read: neither descriptors nor C's memory press the collector,
 * which may not come for long. */
void handle_let_go(lua_State *L, struct lua_job *job);

/* __gc */
int handle_client_gc(lua_State *L);
int handle_job_gc(lua_State *L);

#pragma GCC visibility pop

#endif
