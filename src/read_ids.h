/* read_ids.h: reads the caller's ids. */
#pragma once

#include <lua.h>

#include "lib/ids.h"

/* Reads the array or the iterator at `arg` into `ids`, whole, and seals it; NULL: it is
 * only checked. Raises one argument error that tells of all values that are no ids; the
 * list then stays its owner's to close. Calls an iterator, which may raise. */
void read_ids(lua_State *L, int arg, struct ids *ids);

/* core.flaws(ids) → what such an error tells, as data: { { position, text [, help] }, … }
 * of the first five values that are no ids, and as `count` how many there are */
int read_ids_flaws(lua_State *L);

/* Whether the value at `index` is an id: a text, or an integer of Lua 5.3 and newer. */
bool read_ids_is_id(lua_State *L, int index);
