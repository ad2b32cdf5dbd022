/* report.h: the tables that tell of a job as a whole: result, err, progress. */
#pragma once

#include <lua.h>

#include "lib/job.h"

/* Makes the metatable of errors, once for a Lua state. */
void report_open(lua_State *L);

/* Pushes `result`, or nil and `err`; returns how many values. The fault decided, where it
 * has a kind. `pending_ok`: ids that are left pending are no error (a dry run). */
int report_push_outcome(lua_State *L, const struct ledger *ledger,
                        const struct fault *fault, bool pending_ok);

/* Pushes the amounts with which the message of an err ends: " (3 ids: 2 deleted, 1
 * unknown)", or "" of no ids. */
void report_push_amounts(lua_State *L, const struct ledger *ledger);

/* Pushes what the job knows of itself now. */
void report_push_progress(lua_State *L, struct job *job, double now);

/* Sets what the log says of a request's answer, in the table on top. */
void report_set_entry(lua_State *L, const struct ledger *ledger,
                      const struct entry *entry);
