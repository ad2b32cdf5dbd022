/* transport.h: the caller's transport: the request that it gets, the answer that it gives. */
#ifndef GEELARK_TRANSPORT_H
#define GEELARK_TRANSPORT_H

#include <lua.h>

#include "lib/job.h"

#pragma GCC visibility push(hidden)

/* Pushes the request table for a flight; `kept` is the job's own table. */
void transport_push_request(lua_State *L, int kept, const struct job *job,
                       const struct flight *flight);

/* Reads what a transport returned, from `first` to the top, into the flight's reply. Returns
 * what is wrong with it (the answer then counts as lost), NULL for nothing. */
const char *transport_take_results(lua_State *L, int first, struct flight *flight);

/* Makes the metatable of requests; called once for a Lua state. */
void transport_open(lua_State *L);

#pragma GCC visibility pop

#endif
