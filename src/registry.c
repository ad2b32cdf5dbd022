/* What the module keeps for a whole Lua state: see registry.h. */
#include "registry.h"

#include <string.h>

#include "lib/private.h"

void *registry_push(lua_State *L, size_t size, lua_CFunction finaliser) {
    void *memory = lua_newuserdata(L, size);
    memset(memory, 0, size);
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, finaliser);
    lua_setfield(L, -2, "__gc");
    lua_setmetatable(L, -2);
    return memory;
}

void registry_keep(lua_State *L, void *key) {
    lua_pushlightuserdata(L, key);
    lua_insert(L, -2);
    lua_rawset(L, LUA_REGISTRYINDEX);
}

void *registry_find(lua_State *L, void *key) {
    lua_pushlightuserdata(L, key);
    lua_rawget(L, LUA_REGISTRYINDEX);
    void *memory = lua_touserdata(L, -1);
    lua_pop(L, 1); /* the registry holds it */
    return memory;
}
