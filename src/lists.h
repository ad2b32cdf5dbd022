/* lists.h: ids and failures as Lua lists, those of results and those of events. */
#pragma once

#include <lua.h>

#include "lib/batch.h"

/* A set of states has a bit for each, one for those whose phone was stopped, and one for
 * those that the service may have obeyed a request for. */
enum {
    STATES_PENDING = 1 << ID_PENDING | 1 << ID_STOPPING,
    STATES_STOPPED = 1 << ID_STATES,
    STATES_ASKED = 1 << (ID_STATES + 1), /* and not known to be gone */
    STATES_ALL = (1 << ID_STATES) - 1
};

/* Pushes an id as the caller gave it. */
void lists_push_id(lua_State *L, const struct ledger *ledger, uint32_t position);
/* Pushes a list of all ids that are in a state of this set, in the caller's order. */
void lists_push_ids(lua_State *L, const struct ledger *ledger, unsigned states);
/* Sets a list of those of a chunk in the table on top. */
void lists_set_chunk_ids(lua_State *L, const char *name, const struct batch *batch,
                         const struct chunk *chunk, unsigned states);

/* Sets failDetails of the table on top: all, in the caller's order, or a chunk's. */
void lists_set_failures(lua_State *L, const struct ledger *ledger);
void lists_set_chunk_failures(lua_State *L, const struct batch *batch,
                              const struct chunk *chunk);
/* Sets stoppingDetails of the table on top: what delete said of the chunk's phones that
 * are being stopped. */
void lists_set_chunk_stopping(lua_State *L, const struct batch *batch,
                              const struct chunk *chunk);
