/* report.h: the tables that Lua gets: results, errors, progress, events. */
#pragma once

#include <lua.h>

#include "lib/job.h"

/* Makes the metatable of errors, once for a Lua state. */
void report_open(lua_State *L);

/* Pushes `result`, or nil and `err`; returns how many values. The fault decided, where it
 * has a kind. `pending_ok`: ids that are left pending are no error (a dry run). */
int report_push_outcome(lua_State *L, const struct ledger *ledger,
                        const struct fault *fault, bool pending_ok);

/* Pushes what the job knows of itself now. */
void report_push_progress(lua_State *L, struct job *job, double now);

/* Pushes the event before a request leaves, after a try that came to nothing, when
 * nothing can leave for so long, or after a chunk settled. */
void report_push_send_event(lua_State *L, const struct batch *batch,
                            const struct request *request);
void report_push_lost_event(lua_State *L, const struct batch *batch,
                            const struct chunk *chunk, const struct lost_try *lost);
void report_push_wait_event(lua_State *L, double seconds, const char *reason);
void report_push_settle_event(lua_State *L, const struct batch *batch,
                              const struct chunk *chunk);

/* Pushes an id as the caller gave it. */
void report_push_id(lua_State *L, const struct ledger *ledger, uint32_t position);
/* Pushes a list of all ids that are in a state of this set of bits, in the caller's
 * order. */
void report_push_ids(lua_State *L, const struct ledger *ledger, unsigned states);
/* Pushes the ids of a chunk, in order. */
void report_push_chunk_ids(lua_State *L, const struct batch *batch,
                           const struct chunk *chunk);
