/* environment.c: environment(name, value) sets a variable of this process, nil takes it
 * away. */
#include <lauxlib.h>
#include <lua.h>
#include <stdlib.h>

static int l_environment(lua_State *L) {
    const char *name = luaL_checkstring(L, 1), *value = luaL_optstring(L, 2, NULL);
    if (value) setenv(name, value, 1);
    else unsetenv(name);
    return 0;
}

int luaopen_environment(lua_State *L);

int luaopen_environment(lua_State *L) {
    lua_pushcfunction(L, l_environment);
    return 1;
}
