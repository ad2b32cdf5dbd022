/* transport.h: the caller's transport: the request it gets, the answer it gives. */
#pragma once

#include <lua.h>

#include "lib/job.h"

/* Pushes the request table; `refs` is the index of the job's references. */
void transport_push_request(lua_State *L, int refs, const struct job *job,
                            const struct request *request);

/* Reads what a transport returned, from `first` to the top, into the request's response.
 * Returns what is wrong with it (the answer then counts as lost), NULL for nothing. */
const char *transport_take_results(lua_State *L, int first, struct request *request);

/* Makes the metatable of requests; called once for a Lua state. */
void transport_open(lua_State *L);
