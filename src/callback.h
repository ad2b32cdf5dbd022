/* callback.h: what a function of the caller's raised, in words. */
#pragma once

#include <lua.h>

/* The text of the error object on top of the stack, whatever that is; good as long as
 * what this leaves in its place. Raises memory errors alone. */
const char *callback_error(lua_State *L);
