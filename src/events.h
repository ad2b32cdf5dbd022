/* events.h: what on_event, and the journal, are told: each event is a Lua table. */
#pragma once

#include <lua.h>

#include "lib/job.h"

/* Pushes the event before a request leaves. */
void events_push_send(lua_State *L, const struct batch *batch,
                      const struct request *request);
/* After a try that came to nothing. */
void events_push_lost(lua_State *L, const struct batch *batch, const struct chunk *chunk,
                      const struct lost_try *lost);
/* When nothing can leave for so many seconds. */
void events_push_wait(lua_State *L, double seconds, const char *reason);
/* After a chunk settled. */
void events_push_settle(lua_State *L, const struct batch *batch,
                        const struct chunk *chunk);
