/*
 * interrupted.c: interrupted(new) takes lua-cjson's function that makes an instance, and
 * returns one whose instances let Ctrl-C be pressed before they return what they decoded.
 */
#include <lauxlib.h>
#include <lua.h>
#include <signal.h>

/* No upvalue: such a function may be called in a Lua state that knows nothing of this
 * one. */
static lua_CFunction new_instance;

static int l_decode(lua_State *L) {
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, lua_gettop(L) - 1, 1);
    raise(SIGINT);
    return 1;
}

static int l_new(lua_State *L) {
    lua_pushcfunction(L, new_instance);
    lua_call(L, 0, 1);
    lua_getfield(L, -1, "decode");
    lua_pushcclosure(L, l_decode, 1);
    lua_setfield(L, -2, "decode");
    return 1;
}

static int l_interrupted(lua_State *L) {
    new_instance = lua_tocfunction(L, 1);
    lua_pushcfunction(L, l_new);
    return 1;
}

int luaopen_interrupted(lua_State *L) {
    lua_pushcfunction(L, l_interrupted);
    return 1;
}
