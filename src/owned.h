/*
 * owned.h: structs of ours that a value of Lua's owns: clients, jobs, accounts.
 *
 * The value only points to its struct, for other structs point there, too, and a Lua that
 * finds no memory to call a finaliser frees the value without. What was never freed by a
 * finaliser is closed and freed when the Lua state is closed.
 */
#pragma once

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>

struct owned;
/* Lets go of all that the struct holds; it may have been called for it before. */
typedef void (*owned_closer)(lua_State *L, struct owned *owned);

/* The first field of each such struct. */
struct owned {
    struct owned *next, **at; /* in the list of a Lua state's */
    owned_closer close;
};

/* Once for a Lua state, before anything that closers need. */
void owned_open(lua_State *L);
/* Pushes a value of this type, and makes its struct: all zero but for its first field.
 * Raises once what the state owned was freed, since it is being closed. */
void *owned_push(lua_State *L, size_t size, const char *type, owned_closer close);
/* The value at index is of this type. */
bool owned_is(lua_State *L, int index, const char *type);
/* What the value at index owns; NULL: nothing any more, or it is of another type. */
void *owned_find(lua_State *L, int index, const char *type);
/* Closes what the value at index owns, if anything, and frees it once nobody can be using
 * it: it owns nothing any more. */
void owned_free(lua_State *L, int index, const char *type);
