/* source.h: reads the caller's ids. */
#ifndef GEELARK_SOURCE_H
#define GEELARK_SOURCE_H

#include <lua.h>

#include "ids.h"

#pragma GCC visibility push(hidden)

/* Reads the array or the iterator at `arg` into `ids`, whole, and seals it. Raises an
 * argument error that names the position for anything that is no id; the list then stays
 * its owner's to close. Calls an iterator, which may raise. */
void source_read(lua_State *L, int arg, struct ids *ids);

#pragma GCC visibility pop

#endif
