/* What a function of the caller's raised, in words: see callback.h. */
#include "callback.h"

#include "compat.h"
#include "lib/private.h"

const char *callback_error(lua_State *L) {
    if (!lua_isstring(L, -1) && luaL_getmetafield(L, -1, "__tostring")) {
        lua_insert(L, -2);
        lua_pcall(L, 1, 1, 0); /* where it raises, too, that error tells as much */
    }
    const char *text = lua_tostring(L, -1);
    return text ? text : "error object is no string";
}
