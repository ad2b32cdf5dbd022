/* Calls of functions of Lua's: see callback.h. */
#include "callback.h"

#include <limits.h>

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

/* Stands where another hook would be set, so that it is seen whether one was. Lua's own
 * for Ctrl-C takes itself away when it raises. It is to come as seldom as a hook can:
 * each call of one may find no memory for Lua's stack, between any two steps of what
 * runs. */
static void no_hook(lua_State *L, lua_Debug *ar) {
    (void)L;
    (void)ar;
}

static void raise_again(lua_State *L, lua_Debug *ar) {
    (void)ar;
    lua_sethook(L, NULL, 0, 0);
    luaL_error(L, "interrupted!");
}

int callback_uninterrupted(lua_State *L, int args, bool *interrupted) {
    lua_Hook hook = lua_gethook(L);
    int mask = lua_gethookmask(L), count = lua_gethookcount(L);
    lua_sethook(L, no_hook, LUA_MASKCOUNT, INT_MAX);
    int status = lua_pcall(L, args, 0, 0);
    *interrupted = !lua_gethook(L);
    if (*interrupted) lua_sethook(L, raise_again, LUA_MASKCOUNT, 1);
    else if (lua_gethook(L) == no_hook) lua_sethook(L, hook, mask, count);
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

static bool ends_with(const char *text, const char *words) {
    size_t len = strlen(text), size = strlen(words);
    return len >= size && strcmp(text + len - size, words) == 0;
}

bool callback_out_of_memory(const char *text) {
    return ends_with(text, "not enough memory");
}

bool callback_interrupted(const char *text) {
    return strcmp(text, "interrupted!") == 0 || ends_with(text, ": interrupted!");
}
