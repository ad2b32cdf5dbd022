/* The tokens that a job's requests hold: see limiter.h. */
#include "limiter.h"

#include "compat.h"
#include "lib/private.h"

/* Where the registry keeps this state's count of running functions; its user value is the
 * list of references whose tokens have to wait for them. */
static char key;

static unsigned *push_running(lua_State *L) {
    lua_pushlightuserdata(L, &key);
    lua_rawget(L, LUA_REGISTRYINDEX);
    return lua_touserdata(L, -1);
}

void limiter_open(lua_State *L) {
    bool opened = push_running(L) != NULL; /* loaded before, maybe by what runs */
    lua_pop(L, 1);
    if (opened) return;
    lua_pushlightuserdata(L, &key);
    unsigned *running = compat_newuserdata(L, sizeof *running);
    *running = 0;
    lua_newtable(L);
    compat_setuservalue(L, -2);
    lua_rawset(L, LUA_REGISTRYINDEX);
}

/* The references stand at 1. */
static int give_back(lua_State *L) {
    bool runs = *push_running(L) > 0;
    compat_getuservalue(L, -1);
    if (runs) {
        lua_pushvalue(L, 1);
        lua_rawseti(L, -2, (int)lua_rawlen(L, -2) + 1);
        return 0;
    }
    lua_getfield(L, 1, "tokens");
    int tokens = lua_gettop(L);
    for (lua_pushnil(L); lua_next(L, tokens); lua_pushnil(L)) {
        lua_insert(L, -2);
        lua_pushnil(L);
        lua_rawset(L, tokens); /* first: whatever comes, it is given once */
        lua_getfield(L, 1, "give");
        lua_insert(L, -2);
        if (lua_toboolean(L, -1)) lua_pcall(L, 1, 0, 0);
        lua_settop(L, tokens);
    }
    return 0;
}

void limiter_prepare_client(lua_State *L, int refs) {
    lua_newtable(L); /* the references of its jobs, as keys that hold nothing alive */
    lua_createtable(L, 0, 1);
    lua_pushliteral(L, "k");
    lua_setfield(L, -2, "__mode");
    lua_setmetatable(L, -2);
    lua_setfield(L, refs, "holders");
}

void limiter_prepare_job(lua_State *L, int refs) {
    lua_getfield(L, refs, "holders");
    lua_pushvalue(L, refs);
    lua_pushboolean(L, 1);
    lua_rawset(L, -3);
    lua_pop(L, 1);
    lua_newtable(L);
    lua_setfield(L, refs, "tokens");
    lua_pushcfunction(L, give_back); /* here, since it takes memory */
    lua_setfield(L, refs, "give_back");
}

void limiter_give_back(lua_State *L, int refs) {
    int top = lua_gettop(L);
    if (!lua_checkstack(L, 4)) return;
    lua_pushvalue(L, refs);
    lua_getfield(L, -1, "give_back");
    lua_insert(L, -2);
    lua_pcall(L, 1, 0, 0);
    lua_settop(L, top);
}

void limiter_give_back_all(lua_State *L, int client_refs) {
    lua_getfield(L, client_refs, "holders");
    int holders = lua_gettop(L);
    if (lua_istable(L, holders)) /* it has a limiter */
        for (lua_pushnil(L); lua_next(L, holders); lua_settop(L, holders + 1))
            limiter_give_back(L, holders + 1);
    lua_settop(L, holders - 1);
}

void limiter_enter(lua_State *L) {
    ++*push_running(L);
    lua_pop(L, 1);
}

void limiter_leave(lua_State *L) {
    int top = lua_gettop(L), owed;
    bool runs = --*push_running(L) > 0;
    compat_getuservalue(L, -1);
    while (!runs && (owed = (int)lua_rawlen(L, top + 2)) > 0) {
        lua_rawgeti(L, top + 2, owed);
        lua_pushnil(L);
        lua_rawseti(L, top + 2, owed);
        limiter_give_back(L, top + 3);
        lua_settop(L, top + 2);
    }
    lua_settop(L, top);
}
