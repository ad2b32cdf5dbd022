/*
 * registry.h: what the module keeps for a whole Lua state: memory that the registry
 * holds under the address of a key, and that is let go of when the state is closed.
 */
#pragma once

#include <lua.h>
#include <stddef.h>

/* Pushes all-zero memory whose finaliser is this function. It is kept once
 * registry_keep was called. */
void *registry_push(lua_State *L, size_t size, lua_CFunction finaliser);
/* Keeps the value on top under the key, and pops it. */
void registry_keep(lua_State *L, void *key);
/* What is kept under the key; NULL: nothing, or no memory of ours. */
void *registry_find(lua_State *L, void *key);
