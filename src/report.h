/* report.h: the tables that Lua gets: results, errors, progress, events. */
#ifndef GEELARK_REPORT_H
#define GEELARK_REPORT_H

#include <lua.h>

#include "lib/job.h"

#pragma GCC visibility push(hidden)

/* Makes the metatable of errors, once for a Lua state, and pushes core.remaining: for a
 * result with unknown and pending ids, both in the caller's order. */
void report_open(lua_State *L);

/* Pushes `result`, or nil and `err`; returns how many values. `fine`: ids that are left
 * pending are no error (a dry run). */
int report_push_outcome(lua_State *L, struct job *job, bool fine);

/* Pushes what the job knows of itself now. */
void report_push_progress(lua_State *L, struct job *job, double now);

/* Pushes the event before a request leaves, or after a chunk settled. */
void report_push_send_event(lua_State *L, struct job *job, const struct flight *flight);
void report_push_settle_event(lua_State *L, struct job *job, const struct chunk *chunk);

/* Pushes the ids of a chunk that are still open, in order. */
void report_push_open_ids(lua_State *L, const struct job *job, const struct chunk *chunk);

#pragma GCC visibility pop

#endif
