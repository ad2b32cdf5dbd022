/*
 * shared.h: the client that plain calls share: those of a Lua state that give no option
 * of a client's. It is made from the environment, and again where that or the process has
 * changed; jobs of the earlier one keep theirs. It ends with the Lua state.
 */
#pragma once

#include <lua.h>
#include <stdbool.h>

/* Pushes it for a call with the options at `arg`. False, and nothing is pushed: the call
 * needs a client of its own, also where the environment has none to offer. */
bool shared_push_client(lua_State *L, int arg);
