/*
 * compat.h: the differences between Lua 5.1 (and LuaJIT), 5.2, 5.3 and 5.4; nowhere else.
 *
 * Names are those of the newer versions where one exists.
 */
#ifndef GEELARK_COMPAT_H
#define GEELARK_COMPAT_H

#include <lauxlib.h>
#include <lua.h>
#include <stdbool.h>
#include <string.h>

#ifndef LUA_OK
#define LUA_OK 0
#endif

#if LUA_VERSION_NUM == 501

#define lua_rawlen lua_objlen

static inline int lua_absindex(lua_State *L, int index)
{
    return index > 0 || index <= LUA_REGISTRYINDEX ? index : lua_gettop(L) + index + 1;
}

#endif

/* One value that lives as long as a userdata: an environment, a user value. */
static inline void *compat_newuserdata(lua_State *L, size_t size)
{
#if LUA_VERSION_NUM >= 504
    return lua_newuserdatauv(L, size, 1);
#else
    return lua_newuserdata(L, size);
#endif
}

/* Takes a table from the top of the stack. */
static inline void compat_setuservalue(lua_State *L, int index)
{
#if LUA_VERSION_NUM >= 504
    lua_setiuservalue(L, index, 1);
#elif LUA_VERSION_NUM >= 502
    lua_setuservalue(L, index);
#else
    lua_setfenv(L, index);
#endif
}

static inline void compat_getuservalue(lua_State *L, int index)
{
#if LUA_VERSION_NUM >= 504
    lua_getiuservalue(L, index, 1);
#elif LUA_VERSION_NUM >= 502
    lua_getuservalue(L, index);
#else
    lua_getfenv(L, index);
#endif
}

/* Pushes table[position] and returns its type. */
static inline int compat_rawgeti(lua_State *L, int table, lua_Integer position)
{
#if LUA_VERSION_NUM >= 503
    return lua_rawgeti(L, table, position);
#else
    lua_rawgeti(L, table, (int)position);
    return lua_type(L, -1);
#endif
}

/* Whether the value is an integer of its own kind; 5.1, 5.2 and LuaJIT have none. */
static inline bool compat_isinteger(lua_State *L, int index)
{
#if LUA_VERSION_NUM >= 503
    return lua_isinteger(L, index) != 0;
#else
    (void)L, (void)index;
    return false;
#endif
}

static inline void compat_pushglobals(lua_State *L)
{
#if LUA_VERSION_NUM >= 502
    lua_pushglobaltable(L);
#else
    lua_pushvalue(L, LUA_GLOBALSINDEX);
#endif
}

/* Puts functions into the table on top of the stack. */
static inline void compat_setfuncs(lua_State *L, const luaL_Reg *list)
{
    for (; list->name; list++) {
        lua_pushcfunction(L, list->func);
        lua_setfield(L, -2, list->name);
    }
}

/* The userdata at index if it has this metatable (of the registry), else NULL. */
static inline void *compat_testudata(lua_State *L, int index, const char *name)
{
    void *data = lua_touserdata(L, index);
    if (!data || !lua_getmetatable(L, index)) return NULL;
    luaL_getmetatable(L, name);
    bool same = lua_rawequal(L, -1, -2) != 0;
    lua_pop(L, 2);
    return same ? data : NULL;
}

/* Calls a function with a pointer, catching whatever it raises. */
static inline void compat_try(lua_State *L, lua_CFunction function, void *argument)
{
#if LUA_VERSION_NUM == 501
    if (lua_cpcall(L, function, argument) != 0) lua_pop(L, 1);
#else
    if (!lua_checkstack(L, 4)) return;
    lua_pushcfunction(L, function);
    lua_pushlightuserdata(L, argument);
    if (lua_pcall(L, 1, 0, 0) != LUA_OK) lua_pop(L, 1);
#endif
}

/* Lua's own memory error, for memory that isn't Lua's. */
static inline int compat_memory_error(lua_State *L)
{
    lua_pushliteral(L, "not enough memory");
    return lua_error(L);
}

#endif
