/* callback.h: calling functions of Lua's, and what they raised, in words. */
#pragma once

#include <lua.h>
#include <stdbool.h>

/* lua_pcall where no hook raises, such as that of Ctrl-C; one that is set meanwhile
 * stays. */
int callback_unhooked(lua_State *L, int args, int results);

/* The same without results for code of ours in Lua, into which a hook could come that a
 * signal sets meanwhile. *interrupted: one did, and raised there; it comes once more when
 * the hooks are run next. */
int callback_uninterrupted(lua_State *L, int args, bool *interrupted);

/* The text of the error object on top of the stack, whatever that is; good as long as
 * what this leaves in its place. Raises memory errors alone. */
const char *callback_error(lua_State *L);

/* What was raised is Lua's memory error, whatever others have put before its text. */
bool callback_out_of_memory(const char *text);

/* What was raised is what the interpreters raise for Ctrl-C, whatever stands before its
 * text: it came while the callback ran, and is no mistake of the callback's. */
bool callback_interrupted(const char *text);
