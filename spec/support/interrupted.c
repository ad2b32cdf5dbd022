/*
 * interrupted.c: interrupted(f) is a function that calls f and, before it returns what f
 * returned, lets Ctrl-C be pressed.
 */
#include <lauxlib.h>
#include <lua.h>
#include <signal.h>

static int l_call(lua_State *L) {
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, lua_gettop(L) - 1, 1);
    raise(SIGINT);
    return 1;
}

static int l_interrupted(lua_State *L) {
    lua_settop(L, 1);
    lua_pushcclosure(L, l_call, 1);
    return 1;
}

int luaopen_interrupted(lua_State *L) {
    lua_pushcfunction(L, l_interrupted);
    return 1;
}
