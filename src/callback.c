/* Calls of functions of Lua's: see callback.h. */
#include "callback.h"

#include "compat.h"
#include "lib/private.h"

int callback_unhooked(lua_State *L, int args, int results) {
    lua_Hook hook = lua_gethook(L);
    int mask = lua_gethookmask(L), count = lua_gethookcount(L);
    if (hook) lua_sethook(L, NULL, 0, 0);
    int status = lua_pcall(L, args, results, 0);
    if (hook && !lua_gethook(L)) lua_sethook(L, hook, mask, count);
    return status;
}

const char *callback_error(lua_State *L) {
    if (!lua_isstring(L, -1) && luaL_getmetafield(L, -1, "__tostring")) {
        lua_insert(L, -2);
        lua_pcall(L, 1, 1, 0); /* where it raises, too, that error tells as much */
    }
    const char *text = lua_tostring(L, -1);
    return text ? text : "error object is no string";
}
