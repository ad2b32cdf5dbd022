/*
 * compat.h: the differences between Lua 5.1 (and LuaJIT), 5.2, 5.3 and 5.4; nowhere else.
 *
 * Names are those of the newer versions where one exists.
 */
#pragma once

#include <lauxlib.h>
#include <lua.h>
#include <stdbool.h>
#include <string.h>

#ifndef LUA_OK
#define LUA_OK 0
#endif

#if LUA_VERSION_NUM == 501

#define lua_rawlen lua_objlen
#define lua_pushglobaltable(L) lua_pushvalue(L, LUA_GLOBALSINDEX)
#define luaL_setfuncs(L, list, upvalues) luaL_register(L, NULL, list)

/* The userdata at index if it has this metatable (of the registry), else NULL. */
static inline void *compat_testudata(lua_State *L, int index, const char *name) {
    void *data = lua_touserdata(L, index);
    if (!data || !lua_getmetatable(L, index)) return NULL;
    luaL_getmetatable(L, name);
    bool same = lua_rawequal(L, -1, -2) != 0;
    lua_pop(L, 2);
    return same ? data : NULL;
}

#else
#define compat_testudata luaL_testudata
#endif

/* One value that lives as long as a userdata: a user value, an environment. */
#if LUA_VERSION_NUM >= 504
#define compat_newuserdata(L, size) lua_newuserdatauv(L, size, 1)
#define compat_setuservalue(L, index) lua_setiuservalue(L, index, 1)
#define compat_getuservalue(L, index) lua_getiuservalue(L, index, 1)
#else
#define compat_newuserdata lua_newuserdata
#if LUA_VERSION_NUM >= 502
#define compat_setuservalue lua_setuservalue
#define compat_getuservalue lua_getuservalue
#else
#define compat_setuservalue lua_setfenv
#define compat_getuservalue lua_getfenv
#endif
#endif

/* Push table[key], table[position] and return its type. 5.3 and newer know integers. */
#if LUA_VERSION_NUM >= 503
#define compat_rawgeti lua_rawgeti
#define compat_rawget lua_rawget
#define compat_getfield lua_getfield
#else
#define compat_getfield(L, table, name) (lua_getfield(L, table, name), lua_type(L, -1))
#define compat_rawget(L, table) (lua_rawget(L, table), lua_type(L, -1))
#define compat_rawgeti(L, table, position)                                               \
    (lua_rawgeti(L, table, (int)(position)), lua_type(L, -1))
#define lua_isinteger(L, index) ((void)(L), (void)(index), 0)
#endif

/* LuaJIT has one hook for all threads of a state, and runs a core built for 5.1, too. */
#define compat_hook_is_shared (LUA_VERSION_NUM == 501)

/* Where lua.c sets its hook for Ctrl-C, whichever thread is running: the main thread;
 * NULL where that isn't known. Lua 5.1 tells it to nobody: it is remembered where it is
 * the one that loads the module. */
#if LUA_VERSION_NUM == 501
#define COMPAT_MAIN_THREAD "geelark.main_thread"
static inline void compat_remember_main_thread(lua_State *L) {
    if (lua_pushthread(L)) lua_setfield(L, LUA_REGISTRYINDEX, COMPAT_MAIN_THREAD);
    else lua_pop(L, 1);
}
static inline lua_State *compat_main_thread(lua_State *L) {
    lua_getfield(L, LUA_REGISTRYINDEX, COMPAT_MAIN_THREAD);
    lua_State *thread = lua_tothread(L, -1);
    lua_pop(L, 1);
    return thread;
}
#else
#define compat_remember_main_thread(L) ((void)(L))
static inline lua_State *compat_main_thread(lua_State *L) {
    lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_MAINTHREAD);
    lua_State *thread = lua_tothread(L, -1);
    lua_pop(L, 1);
    return thread;
}
#endif

/* Calls a function with a pointer, catching whatever it raises: false. */
static inline bool compat_try(lua_State *L, lua_CFunction function, void *argument) {
#if LUA_VERSION_NUM == 501
    bool ran = lua_cpcall(L, function, argument) == 0;
#else
    if (!lua_checkstack(L, 4)) return false;
    lua_pushcfunction(L, function);
    lua_pushlightuserdata(L, argument);
    bool ran = lua_pcall(L, 1, 0, 0) == LUA_OK;
#endif
    if (!ran) lua_pop(L, 1);
    return ran;
}

/* Lua's own memory error, for memory that isn't Lua's. */
static inline int compat_memory_error(lua_State *L) {
    lua_pushliteral(L, "not enough memory");
    return lua_error(L);
}

/* luaL_checkstack calls it a stack overflow, too, where memory ran out. */
static inline void compat_check_stack(lua_State *L, int slots) {
    if (!lua_checkstack(L, slots)) compat_memory_error(L);
}

/* A function, or what can be called like one: a spy of luassert's is a table. */
static inline bool compat_is_callable(lua_State *L, int index) {
    bool is = lua_isfunction(L, index) != 0;
    if (is || !luaL_getmetafield(L, index, "__call")) return is;
    lua_pop(L, 1);
    return true;
}

/* Raises an argument error. A function whose first upvalue is a text, such as "bad
 * argument to 'delete' (%s)", is called in another's name and words its errors so. */
static inline int compat_argerror(lua_State *L, int arg, const char *what) {
    if (lua_type(L, lua_upvalueindex(1)) != LUA_TSTRING)
        return luaL_argerror(L, arg, what);
    return luaL_error(L, "%s",
                      luaL_gsub(L, lua_tostring(L, lua_upvalueindex(1)), "%s", what));
}

/* The same with a formatted message. */
#define compat_arg_error(L, arg, ...)                                                    \
    compat_argerror(L, arg, lua_pushfstring(L, __VA_ARGS__))
