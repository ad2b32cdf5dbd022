/*
 * state.h: a Lua state that is kept from run to run.
 *
 * Its memory is its own: malloc's is then the core's alone, and libFuzzer looks for leaks
 * wherever a run has taken more of it than it gave back. The address sanitizer knows
 * which of Lua's bytes are in use.
 */
#pragma once

#include <lua.h>

/* The one state of this process, made at the first call. */
lua_State *state_get(void);
/* A run is over: the stack has to be empty. Now and then it looks whether Lua's memory
 * grows. */
void state_settle(lua_State *L);
