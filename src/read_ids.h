/* read_ids.h: reads the caller's ids. */
#pragma once

#include <lua.h>

#include "lib/ids.h"

/* Reads the array or the iterator at `arg` into `ids`, whole, and seals it. Raises an
 * argument error that names the position for anything that is no id; the list then stays
 * its owner's to close. Calls an iterator, which may raise. */
void read_ids(lua_State *L, int arg, struct ids *ids);
